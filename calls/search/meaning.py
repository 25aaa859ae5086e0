"""Calls by their meaning: those in which something like it was said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from operator import attrgetter
from uuid import UUID

from django.db import connection
from pgvector import HalfVector

from calls import embedders, points
from calls.points import Near
from calls.search.among import Among, of_calls

NEAREST = 400  # texts that are looked at
OF_EACH = 100  # that say the very same: the newest. Of a greeting there would be nothing else
# Where calls are filtered, the index has to go the farther the fewer they are. So it looks for less; and of
# few calls all texts are compared instead, which takes no longer.
NEAREST_OF_SOME = 100
# A call in which it is said three times is likelier meant than one in which it is said once.
SHARES = [1.0, 0.3, 0.1]
MOST = 200  # calls
ALIKE = 0.2  # less is nothing in common; an agent, who cannot look at what it is told, asks for more


@dataclass(frozen=True, slots=True)
class ByMeaning:
    call_id: UUID
    turn_id: UUID | None  # what is nearest in it; None: its summary
    likeness: float  # of that; from 0 to 1
    score: float


def around(workspace_id: UUID, vector: Sequence[float], among: Among | None = None) -> list[Near]:
    """What was said near it, nearest first, as the index has it; of few calls, what was said in any of them.
    `vector`: of the query, as `calls.embeddings.query_for` makes it. For a thread."""
    if among is None:
        return points.nearest(workspace_id, vector, most=NEAREST, of_each=OF_EACH)
    if among.few is None:
        only = among.condition
        return points.nearest(workspace_id, vector, most=NEAREST_OF_SOME, of_each=OF_EACH, among=only)
    return _said_in(among.few, workspace_id, vector) if among.few else []


def in_those(
    calls: Sequence[UUID], workspace_id: UUID, vector: Sequence[float], among: Among | None = None
) -> list[Near]:
    """What was said near it in the calls that have the words. For a thread.

    A word or two lie far from all that is said, and from there an index does not find every way. What has
    these very words is likely among the nearest.
    """
    has_all = among is not None and among.few is not None  # that is around
    return _said_in(calls, workspace_id, vector) if calls and not has_all else []


def nearest(around: Sequence[Near], in_those: Sequence[Near], among: Among | None = None) -> list[Near]:
    """The nearest of both. `in_those` has all of its calls that is near enough to be among them."""
    if not in_those:
        return list(around)
    those = {one.call_id.int for one in in_those}
    both = [*in_those, *(one for one in around if one.call_id.int not in those)]
    both.sort(key=attrgetter("distance"))
    return both[: NEAREST if among is None else NEAREST_OF_SOME]


def by_meaning(nearest: Iterable[Near]) -> list[ByMeaning]:
    """The calls in which it was said, the best first. `nearest`: nearest first."""
    said: dict[int, list[Near]] = {}  # by call, as a number: hashing and comparing a UUID is done in Python
    for near in takewhile(lambda near: 1 - near.distance >= ALIKE, nearest):
        said.setdefault(near.call_id.int, []).append(near)
    scores = [(sum(map(_counts, SHARES, some)), call) for call, some in said.items()]
    best = [(score, said[call][0]) for score, call in sorted(scores, reverse=True)[:MOST]]
    return [ByMeaning(first.call_id, first.turn_id, 1 - first.distance, score) for score, first in best]


def _counts(share: float, near: Near) -> float:
    return share * (1 - near.distance)


def _said_in(calls: Sequence[UUID], workspace_id: UUID, vector: Sequence[float]) -> list[Near]:
    """The nearest of what was said in these calls, all of it compared."""
    condition, ids = of_calls(calls)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT id, call_id, turn_id, vector <=> %s::halfvec AS distance FROM calls_embedding
            WHERE workspace_id = %s AND model = %s AND {condition} ORDER BY distance LIMIT %s
            """,  # noqa: S608  ours
            [HalfVector(list(vector)).to_text(), workspace_id, embedders.name(), *ids, NEAREST],
        )
        return list(map(Near._make, cursor.fetchall()))
