"""Calls by their meaning: those in which something like it was said."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pgvector.django import CosineDistance

from calls import embedders, points
from calls.models import Embedding
from calls.search.among import Among, of_calls

NEAREST = 400  # texts that are looked at
OF_EACH = 100  # that say the very same: the newest. Of a greeting there would be nothing else
# Where calls are filtered, the index has to go the farther the fewer they are. So it looks for less; and of
# few calls all texts are compared instead, which takes no longer.
NEAREST_OF_SOME = 100
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
    workspace_id: UUID,
    vector: Sequence[float],
    among: Among | None = None,
    worded: Sequence[UUID] = (),
) -> list[ByMeaning]:
    """The best first. `vector`: of the query, as `calls.embeddings.query_for` makes it. `worded`: calls that
    have its words. For a thread."""
    texts = defaultdict[UUID, list[tuple[float, UUID | None]]](list)
    for call_id, turn_id, distance in nearest(workspace_id, vector, among, worded):
        if 1 - distance >= ALIKE:
            texts[call_id].append((1 - distance, turn_id))
    calls = []
    for call_id, theirs in texts.items():
        likeness, turn_id = theirs[0]
        score = sum(share * one for share, (one, _) in zip(SHARES, theirs, strict=False))
        calls.append(ByMeaning(call_id, turn_id, likeness, score))
    return sorted(calls, key=lambda call: call.score, reverse=True)[:MOST]


def nearest(
    workspace_id: UUID,
    vector: Sequence[float],
    among: Among | None = None,
    worded: Sequence[UUID] = (),
) -> list[Near]:
    """What was said nearest to it, nearest first, as `by_meaning` looks at it."""
    if among is not None and among.few is not None:
        return _of_all(workspace_id, vector, among.few)
    most, calls = (NEAREST, None) if among is None else (NEAREST_OF_SOME, among.calls)
    found = {
        (one.call_id, one.turn_id): one.distance
        for one in points.nearest(workspace_id, vector, most=most, of_each=OF_EACH, among=calls)
    }
    # A word or two lie far from all that is said, and from there an index does not find every way. What has
    # these very words is likely among the nearest.
    found |= {(call, turn): distance for call, turn, distance in _of_all(workspace_id, vector, worded)}
    nearest_first = sorted(found.items(), key=lambda one: one[1])
    return [(call, turn, distance) for (call, turn), distance in nearest_first[:most]]


def _of_all(workspace_id: UUID, vector: Sequence[float], calls: Sequence[UUID]) -> list[Near]:
    if not calls:
        return []
    rows = Embedding.objects.for_workspace(workspace_id).filter(model=embedders.name())
    nearest_first = (
        of_calls(rows, list(calls)).annotate(distance=CosineDistance("vector", vector)).order_by("distance")
    )
    return list(nearest_first.values_list("call_id", "turn_id", "distance")[:NEAREST])
