"""Calls by their meaning: those in which something like it was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from calls import embedders, points
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
# What was said in some calls, all of it compared.
_SAID = """
SELECT id, call_id, turn_id, vector <=> (SELECT vector FROM place) AS distance FROM calls_embedding
WHERE workspace_id = %s AND model = %s AND {condition} ORDER BY distance LIMIT %s
"""
_CALLS = """
SELECT call_id, (array_agg(turn_id ORDER BY nth))[1], max(likeness), sum(share * likeness) AS score
FROM (
    SELECT call_id, turn_id, 1 - distance AS likeness,
        row_number() OVER (PARTITION BY call_id ORDER BY distance) AS nth
    FROM nearest WHERE 1 - distance >= %s
) AS said JOIN unnest(%s::float8[]) WITH ORDINALITY AS weighed (share, nth) USING (nth)
GROUP BY call_id ORDER BY score DESC, call_id DESC LIMIT %s
"""

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
    nearest, params = _nearest(workspace_id, vector, among, worded)
    with connection.cursor() as cursor:
        cursor.execute(nearest + _CALLS, [*params, ALIKE, SHARES, MOST])
        return [ByMeaning(*row) for row in cursor.fetchall()]


def nearest(
    workspace_id: UUID,
    vector: Sequence[float],
    among: Among | None = None,
    worded: Sequence[UUID] = (),
) -> list[Near]:
    """What was said nearest to it, nearest first, as `by_meaning` looks at it."""
    nearest, params = _nearest(workspace_id, vector, among, worded)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{nearest} SELECT call_id, turn_id, distance FROM nearest ORDER BY distance",  # noqa: S608  ours
            params,
        )
        return cursor.fetchall()


def _nearest(
    workspace_id: UUID, vector: Sequence[float], among: Among | None, worded: Sequence[UUID]
) -> tuple[str, list[Any]]:
    """The beginning of a query that knows it as `nearest`."""
    is_few = among is not None and among.few is not None
    parts: list[tuple[str, Sequence[Any]]] = []
    most = NEAREST if among is None or is_few else NEAREST_OF_SOME
    if not is_few:
        only = among.condition if among else None
        parts.append(points.near(workspace_id, most=most, of_each=OF_EACH, among=only))
    # A word or two lie far from all that is said, and from there an index does not find every way. What has
    # these very words is likely among the nearest.
    calls = among.few if among and among.few is not None else worded
    if is_few or calls:
        condition, ids = of_calls(calls)
        parts.append((_SAID.format(condition=condition), [workspace_id, embedders.name(), *ids, NEAREST]))
    found = " UNION ALL ".join(f"({sql})" for sql, _ in parts)
    sql = f"""
        WITH {points.PLACE},
        found AS (SELECT DISTINCT ON (id) * FROM ({found}) AS either),
        nearest AS MATERIALIZED (SELECT * FROM found ORDER BY distance LIMIT %s)
    """  # noqa: S608  all that is asked for are parameters
    return sql, [*points.at(vector), *(value for _, values in parts for value in values), most]
