"""Calls by their meaning: those in which something like it was said."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from pgvector.django import CosineDistance

from calls import embedders
from calls.models import Call, Embedding

NEAREST = 400  # texts that are looked at
SEARCHED = 400  # of the index, at each step: `hnsw.ef_search`
# A call in which it is said three times is likelier meant than one in which it is said once.
SHARES = (1.0, 0.3, 0.1)
MOST = 200  # calls
ALIKE = 0.2  # less is nothing in common; an agent, who cannot look at what it is told, asks for more


@dataclass(frozen=True, slots=True)
class ByMeaning:
    call_id: UUID
    turn_id: UUID | None  # what is nearest in it; None: its summary
    likeness: float  # of that; from 0 to 1
    score: float


def by_meaning(
    workspace_id: UUID, vector: Sequence[float], among: QuerySet[Call] | None = None
) -> list[ByMeaning]:
    """The best first. `vector`: of the query, as `calls.embeddings.query_for` makes it. For a thread."""
    rows = Embedding.objects.for_workspace(workspace_id).filter(model=embedders.name())
    if among is not None:
        rows = rows.filter(call__in=among.values("pk"))
    nearest = rows.annotate(distance=CosineDistance("vector", vector)).order_by("distance")
    with transaction.atomic():
        with connection.cursor() as cursor:
            # The index looks on until it has found so many that fit.
            cursor.execute(
                "SELECT set_config('hnsw.iterative_scan', 'strict_order', true), "
                "set_config('hnsw.ef_search', %s, true)",
                [str(SEARCHED)],
            )
        found = list(nearest.values_list("call_id", "turn_id", "distance")[:NEAREST])
    texts = defaultdict[UUID, list[tuple[float, UUID | None]]](list)
    for call_id, turn_id, distance in found:
        if 1 - distance >= ALIKE:
            texts[call_id].append((1 - distance, turn_id))
    calls = []
    for call_id, theirs in texts.items():
        likeness, turn_id = theirs[0]
        score = sum(share * one for share, (one, _) in zip(SHARES, theirs, strict=False))
        calls.append(ByMeaning(call_id, turn_id, likeness, score))
    return sorted(calls, key=lambda call: call.score, reverse=True)[:MOST]
