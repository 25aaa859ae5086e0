"""Where texts lie, each once however many say it, and who said what lies near.

An index of nearest points cannot leave a heap of equal ones, and every call begins with the same greeting.
So what it holds is distinct; who said a text is looked up by its digest. A point comes with the first who
says it, in the same transaction, and goes with the last, by `sweep`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from pgvector import HalfVector

from calls import embedders
from calls.models import Point

# Texts that the index is asked for, `hnsw.ef_search`: of all calls as many as it takes to find the nearest
# (docs/search.md has figures), and no others are looked at; fewer where it goes on, step by step, until
# enough are of those that count.
SEARCHED, SEARCHED_OF_SOME = 350, 200
TEXTS = 5_000  # that are looked at where only some calls count
SWEPT = 1_000  # points in one transaction
# Whoever keeps points shares this lock until what says them is written; whoever removes them has it alone,
# and sees then what was written. Else a point could go for which somebody just counted on it.
_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 11))"
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))"
_UNSAID = """
NOT EXISTS (SELECT FROM calls_embedding said WHERE said.workspace_id = point.workspace_id
    AND said.model = point.model AND said.digest = point.digest)
"""
# A row that says a text lends its id.
_MISSING = """
INSERT INTO calls_point (id, created_at, workspace_id, model, digest, vector)
SELECT DISTINCT ON (model, digest) id, now(), workspace_id, model, digest, vector
FROM calls_embedding said WHERE workspace_id = %s AND NOT EXISTS (
    SELECT FROM calls_point point WHERE point.workspace_id = said.workspace_id
        AND point.model = said.model AND point.digest = said.digest)
ORDER BY model, digest ON CONFLICT DO NOTHING
"""
# PostgreSQL knows the place it looks from before it asks the index, and with it how far that is to look: on
# and on until enough fit. The nearest texts are taken from the index one by one, and with each who
# said it. What the index finds late may be nearer than what it found before: that is kept, too.
_NEAREST = """
WITH place AS MATERIALIZED (
    SELECT %s::halfvec AS vector, set_config('hnsw.iterative_scan', 'relaxed_order', true),
        set_config('hnsw.ef_search', %s, true)),
said AS (
    SELECT said.id, said.call_id, said.turn_id, near.distance
    FROM (
        SELECT digest, vector <=> (SELECT vector FROM place) AS distance FROM calls_point
        WHERE workspace_id = %s AND model = %s ORDER BY vector <=> (SELECT vector FROM place) LIMIT %s
    ) AS near, LATERAL (
        SELECT id, call_id, turn_id FROM calls_embedding
        WHERE workspace_id = %s AND model = %s AND digest = near.digest {narrowed} ORDER BY id DESC LIMIT %s
    ) AS said
    LIMIT %s)
SELECT * FROM said ORDER BY distance
"""

Condition = tuple[str, Sequence[Any]]  # of a query, with its parameters


class Near(NamedTuple):
    """Something that was said near to what is looked for: a row, as there are hundreds for each search."""

    embedding_id: UUID
    call_id: UUID
    turn_id: UUID | None  # None: it is the call's summary
    distance: float  # from 0 to 2


def known(workspace_id: UUID, model: str, digests: Collection[str]) -> dict[str, list[float]]:
    """The vectors of those texts that somebody has said before, by digest."""
    rows = Point.objects.for_workspace(workspace_id).filter(model=model, digest__in=list(digests))
    return dict(rows.values_list("digest", "vector"))


def keep(workspace_id: UUID, model: str, vectors: Mapping[str, Sequence[float]]) -> None:
    """Have these found, by digest. In the transaction in which it is written who says them."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARED, [str(workspace_id)])
    # In their order, so that two who keep the same wait for each other and no more.
    Point.objects.bulk_create(
        [
            Point(workspace_id=workspace_id, model=model, digest=digest, vector=vectors[digest])
            for digest in sorted(vectors)
        ],
        ignore_conflicts=True,
    )


def complete(workspace_id: UUID) -> int:
    """Have all that was said found, and say how many texts were not: a version of before there were points
    may have placed calls while this one was put in its place. For a thread."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SHARED, [str(workspace_id)])
        cursor.execute(_MISSING, [workspace_id])
        return cursor.rowcount


def sweep(workspace_id: UUID) -> int:
    """Remove the points that nobody has said any more, and say how many that were. For a thread."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM calls_point point WHERE workspace_id = %s AND {_UNSAID}",  # noqa: S608
            [workspace_id],
        )
        left = [pk for (pk,) in cursor.fetchall()]
        gone = 0
        for start in range(0, len(left), SWEPT):
            with transaction.atomic():
                cursor.execute(_ALONE, [str(workspace_id)])
                # Somebody may have said one again meanwhile.
                cursor.execute(
                    f"DELETE FROM calls_point point WHERE id = ANY(%s) AND {_UNSAID}",  # noqa: S608
                    [left[start : start + SWEPT]],
                )
                gone += cursor.rowcount
    return gone


def nearest(
    workspace_id: UUID,
    vector: Sequence[float],
    *,
    most: int,
    of_each: int,
    among: Condition | None = None,
) -> list[Near]:
    """What was said nearest to the vector, nearest first, by the index. Of each text those who said it last,
    `of_each`. For a thread.

    `among`: only embeddings that meet this, which should be many: the fewer they are, the longer it takes.
    """
    here = (workspace_id, embedders.name())
    narrowed, values = among or ("", ())
    searched, texts = (SEARCHED_OF_SOME, TEXTS) if narrowed else (SEARCHED, SEARCHED)
    with connection.cursor() as cursor:
        cursor.execute(
            _NEAREST.format(narrowed=f"AND {narrowed}" if narrowed else ""),
            [
                *(HalfVector(list(vector)).to_text(), str(searched)),
                *(*here, texts),
                *(*here, *values, of_each, most),
            ],
        )
        return list(map(Near._make, cursor.fetchall()))
