"""Calls by their meaning: those in which something like it was said."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import BooleanField, F, QuerySet
from django.db.models.expressions import RawSQL
from pgvector.django import CosineDistance

from calls import embedders
from calls.models import Call, Embedding

NEAREST = 400  # texts that are looked at
SEARCHED = 400  # of the index, at each step: `hnsw.ef_search`
# Where calls are filtered, the index has to go the farther the fewer they are. So it looks for less; and of
# few calls all texts are compared instead, which takes no longer.
NEAREST_OF_SOME = 100
FEW = 2_500  # calls
# A call in which it is said three times is likelier meant than one in which it is said once.
SHARES = (1.0, 0.3, 0.1)
MOST = 200  # calls
ALIKE = 0.2  # less is nothing in common; an agent, who cannot look at what it is told, asks for more

Near = tuple[UUID, UUID | None, float]  # the call, the turn if it is no summary, the distance


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
    rows = rows.annotate(distance=CosineDistance("vector", vector))
    few = None if among is None else list(among.order_by().values_list("pk", flat=True)[: FEW + 1])
    if among is None:
        found = _by_index(rows, NEAREST)
    elif few is not None and len(few) <= FEW:
        found = _of_all(rows, few)
    else:
        found = _by_index(rows.filter(call__in=among.order_by().values("pk")), NEAREST_OF_SOME)
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


def _by_index(rows: QuerySet[Embedding], most: int) -> list[Near]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            look_on(cursor)
        found = rows.order_by("distance").values_list("call_id", "turn_id", "distance")[:most]
        # What it finds late may be nearer than what it found before: it need not be thrown away for that.
        return sorted(found, key=lambda near: near[2])


def _of_all(rows: QuerySet[Embedding], calls: list[UUID]) -> list[Near]:
    theirs = rows.filter(RawSQL("call_id = ANY(%s)", [calls], output_field=BooleanField()))
    # Ordered by what the index does not know, so that it is left alone.
    nearest = theirs.order_by(F("distance") + 0.0)
    return list(nearest.values_list("call_id", "turn_id", "distance")[:NEAREST])


def look_on(cursor: CursorWrapper) -> None:
    """Have the index, until the transaction ends, look on until it has found so many that fit."""
    cursor.execute(
        "SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true), "
        "set_config('hnsw.ef_search', %s, true)",
        [str(SEARCHED)],
    )
