"""Calls by their words: those that have most of what is asked, rare words before common ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from calls.points import Condition
from calls.search.among import Among
from calls.search.asked import RAREST, Question, Term, statistics

MOST = 200  # calls
ENOUGH = 0.4  # of all the weight asked for: a call that has less only happens to share a word
NEARNESS = 0.5  # how much it counts that the words are said near each other, beside that they are said
UNKNOWN = -math.log(RAREST)  # what a word weighs that no call has
LOOKED_INTO = 400  # calls with most of the words, in which it is looked how near each other they are said
PACKED = 1_900  # bytes: of what is longer PostgreSQL may keep a packed form, or keep it elsewhere
WEIGHED = 3_000  # calls that are compared; where there are more, the newest that have every word


@dataclass(frozen=True, slots=True)
class ByWords:
    call_id: UUID
    score: float


def by_words(workspace_id: UUID, question: Question, among: Among | None = None) -> list[ByWords]:
    """The best first; of equals the newest. `among`: only of these calls. For a thread."""
    wanted = question.wanted
    if not wanted:
        return []
    conditions: list[Condition] = [("workspace_id = %s", [workspace_id])]
    conditions += [among.condition] if among else []
    conditions += [_has(term.query) for term in wanted if term.is_phrase]
    conditions += [_lacks(term.query) for term in question.terms if term.is_unwanted]
    telling = _telling(wanted)
    if sum(term.part for term in telling) * statistics().calls > WEIGHED and not _are_few(
        workspace_id, among
    ):
        everything = _has(" & ".join(f"({term.query})" for term in wanted))
        if among is None:
            return _newest([*conditions, everything])
        with transaction.atomic(), connection.cursor() as cursor:
            # Workers of PostgreSQL would run ahead of what is wanted, each through thousands of calls.
            cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
            return _newest([*conditions, everything])
    whole = sum(term.weight for term in wanted)
    best = _best([*conditions, _has(_any(telling))], wanted, ENOUGH * whole)
    asked_for = whole + question.unknown * UNKNOWN
    return [ByWords(call_id, has / asked_for) for call_id, has in best]


def _are_few(workspace_id: UUID, among: Among | None) -> bool:
    """Whether all can be compared: of a small workspace, or that a filter leaves. The statistics are those of
    all workspaces."""
    if among is not None and among.few is not None:
        return True
    sql = "SELECT count(*) FROM (SELECT FROM calls_searchtext WHERE workspace_id = %s LIMIT %s) AS kept"
    with connection.cursor() as cursor:
        cursor.execute(sql, [workspace_id, WEIGHED + 1])
        return cursor.fetchone()[0] <= WEIGHED


def _telling(wanted: list[Term]) -> list[Term]:
    """The rarest of the words; the rest together weigh too little for a call that has none of these."""
    rarest_first = sorted(wanted, key=lambda term: term.part)
    rest = sum(term.weight for term in wanted)
    enough = ENOUGH * rest
    for count, term in enumerate(rarest_first, 1):
        rest -= term.weight
        if rest < enough:
            return rarest_first[:count]
    return rarest_first


def _any(terms: list[Term]) -> str:
    return " | ".join(f"({term.query})" for term in terms)


def _has(query: str) -> Condition:
    return "words @@ %s::tsquery", [query]


def _lacks(query: str) -> Condition:
    return "NOT words @@ %s::tsquery", [query]


def _that(conditions: Sequence[Condition]) -> Condition:
    """All of them as one."""
    return " AND ".join(sql for sql, _ in conditions), [one for _, params in conditions for one in params]


def _newest(conditions: Sequence[Condition]) -> list[ByWords]:
    sql, params = _that(conditions)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT call_id FROM calls_searchtext WHERE {sql} ORDER BY started_at DESC, id DESC LIMIT %s",  # noqa: S608  the terms are parameters
            [*params, MOST],
        )
        return [ByWords(call_id, 1.0) for (call_id,) in cursor.fetchall()]


def _best(conditions: Sequence[Condition], wanted: list[Term], least: float) -> list[tuple[UUID, float]]:
    """Calls with what they have of the words, the best first: those that have at least so much."""
    # OFFSET 0: what is kept of a call is weighed once, and not again for every word; and so unpacked, if it
    # is long enough to be packed. To copy what is not costs a third of all this.
    each = " + ".join(["CASE WHEN read.words @@ %s::tsquery THEN %s ELSE 0 END"] * len(wanted))
    weights = [value for term in wanted for value in (term.query, term.weight)]
    sql, params = _that(conditions)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT call_id, has FROM (SELECT * FROM (
                SELECT kept.id, kept.call_id, kept.started_at, read.words, ({each})::float8 AS has
                FROM (SELECT * FROM calls_searchtext WHERE {sql}) AS kept,
                LATERAL (SELECT CASE WHEN pg_column_size(kept.words) > {PACKED}
                    THEN kept.words || ''::tsvector ELSE kept.words END AS words OFFSET 0) AS read
                OFFSET 0) AS weighed
            WHERE has >= %s
            ORDER BY has DESC, started_at DESC, id DESC LIMIT %s) AS best
            ORDER BY has * (1 + %s * ts_rank_cd(words, %s::tsquery)) DESC, started_at DESC, id DESC LIMIT %s
            """,  # noqa: S608  the terms are parameters
            [*weights, *params, least, LOOKED_INTO, NEARNESS, _any(wanted), MOST],
        )
        return cursor.fetchall()
