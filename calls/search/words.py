"""Calls by their words: those that have most of what is asked, rare words before common ones."""

import math
from dataclasses import dataclass
from uuid import UUID

from django.db.models import BooleanField, F, FloatField, QuerySet
from django.db.models.expressions import RawSQL

from calls.models import Call, SearchText
from calls.search.asked import RAREST, Question, Term, statistics

MOST = 200  # calls
ENOUGH = 0.4  # of all the weight asked for: a call that has less only happens to share a word
NEARNESS = 0.5  # how much it counts that the words are said near each other, beside that they are said
UNKNOWN = -math.log(RAREST)  # what a word weighs that no call has
WEIGHED = 3_000  # calls that are compared; where there are more, the newest that have every word


@dataclass(frozen=True, slots=True)
class ByWords:
    call_id: UUID
    score: float


def by_words(workspace_id: UUID, question: Question, among: QuerySet[Call] | None = None) -> list[ByWords]:
    """The best first; of equals the newest. `among`: only of these calls. For a thread."""
    wanted = question.wanted
    if not wanted:
        return []
    rows = SearchText.objects.for_workspace(workspace_id)
    if among is not None:
        rows = rows.filter(call__in=among.values("pk"))
    for term in question.terms:
        if term.is_unwanted:
            rows = rows.exclude(_has(term.query))
        elif term.is_phrase:
            rows = rows.filter(_has(term.query))
    telling = _telling(wanted)
    if sum(term.part for term in telling) * statistics().calls > WEIGHED:
        everything = " & ".join(f"({term.query})" for term in wanted)
        newest = rows.filter(_has(everything)).order_by("-started_at", "-id")
        return [ByWords(call_id, 1.0) for call_id in newest.values_list("call_id", flat=True)[:MOST]]
    whole = sum(term.weight for term in wanted)
    found = rows.filter(_has(_any(telling))).annotate(has=_weight_of(wanted)).filter(has__gte=ENOUGH * whole)
    best = found.annotate(score=F("has") * _nearness(wanted)).order_by("-score", "-started_at", "-id")
    asked_for = whole + question.unknown * UNKNOWN
    return [ByWords(call_id, has / asked_for) for call_id, has in best.values_list("call_id", "has")[:MOST]]


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


def _weight_of(wanted: list[Term]) -> RawSQL:
    each = " + ".join(["CASE WHEN words @@ %s::tsquery THEN %s ELSE 0 END"] * len(wanted))
    params = [value for term in wanted for value in (term.query, term.weight)]
    return RawSQL(f"({each})::float8", params, output_field=FloatField())  # noqa: S611  the terms are parameters


def _nearness(wanted: list[Term]) -> RawSQL:
    return RawSQL(
        "(1 + %s * ts_rank_cd(words, %s::tsquery))::float8",
        [NEARNESS, _any(wanted)],
        output_field=FloatField(),
    )
