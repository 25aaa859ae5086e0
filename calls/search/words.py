"""Calls by their words: those that have most of what is asked, rare words before common ones."""

import math
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from calls.models import Call, SearchText
from calls.search.among import Among
from calls.search.asked import RAREST, Question, Term, statistics

MOST = 200  # calls
ENOUGH = 0.4  # of all the weight asked for: a call that has less only happens to share a word
NEARNESS = 0.5  # how much it counts that the words are said near each other, beside that they are said
UNKNOWN = -math.log(RAREST)  # what a word weighs that no call has
LOOKED_INTO = 400  # calls with most of the words, in which it is looked how near each other they are said
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
    rows = SearchText.objects.for_workspace(workspace_id)
    if among is not None:
        rows = among.narrow(rows)
    for term in question.terms:
        if term.is_unwanted:
            rows = rows.exclude(_has(term.query))
        elif term.is_phrase:
            rows = rows.filter(_has(term.query))
    telling = _telling(wanted)
    if sum(term.part for term in telling) * statistics().calls > WEIGHED and not _are_few(
        workspace_id, among
    ):
        everything = " & ".join(f"({term.query})" for term in wanted)
        newest = rows.filter(_has(everything)).order_by("-started_at", "-id")
        return [ByWords(call_id, 1.0) for call_id in newest.values_list("call_id", flat=True)[:MOST]]
    whole = sum(term.weight for term in wanted)
    best = _best(rows.filter(_has(_any(telling))), wanted, ENOUGH * whole)
    asked_for = whole + question.unknown * UNKNOWN
    return [ByWords(call_id, has / asked_for) for call_id, has in best]


def _are_few(workspace_id: UUID, among: Among | None) -> bool:
    """Whether all can be compared: of a small workspace, or that a filter leaves. The statistics are those of
    all workspaces."""
    if among is not None and among.few is not None:
        return True
    return Call.objects.for_workspace(workspace_id).order_by()[: WEIGHED + 1].count() <= WEIGHED


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


def _has(query: str) -> RawSQL:
    return RawSQL("words @@ %s::tsquery", [query], output_field=BooleanField())


def _best(rows: QuerySet[SearchText], wanted: list[Term], least: float) -> list[tuple[UUID, float]]:
    """Calls with what they have of the words, the best first: those that have at least so much."""
    # OFFSET 0: what is kept of a call is unpacked once, and weighed once, and not again for every word.
    each = " + ".join(["CASE WHEN read.words @@ %s::tsquery THEN %s ELSE 0 END"] * len(wanted))
    weights = [value for term in wanted for value in (term.query, term.weight)]
    query = rows.order_by().values("id", "call_id", "started_at", "words").query
    try:
        kept, narrowed = query.sql_with_params()
    except EmptyResultSet:  # of a filter that leaves no call, as by a version that there is not
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT call_id, has FROM (SELECT * FROM (
                SELECT kept.id, kept.call_id, kept.started_at, read.words, ({each})::float8 AS has
                FROM ({kept}) AS kept, LATERAL (SELECT kept.words || ''::tsvector AS words OFFSET 0) AS read
                OFFSET 0) AS weighed
            WHERE has >= %s
            ORDER BY has DESC, started_at DESC, id DESC LIMIT %s) AS best
            ORDER BY has * (1 + %s * ts_rank_cd(words, %s::tsquery)) DESC, started_at DESC, id DESC LIMIT %s
            """,  # noqa: S608  the terms are parameters
            [*weights, *narrowed, least, LOOKED_INTO, NEARNESS, _any(wanted), MOST],
        )
        return cursor.fetchall()
