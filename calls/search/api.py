"""`/api/v1/search`: calls by what was said in them."""

from typing import Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from base.api import Shown, answers, ours
from calls.api import LISTED, CallFilters, CallOut, told
from calls.models import Call
from calls.search import asked
from calls.search.found import look_for
from calls.search.fusion import MOST, Hit
from calls.search.why import Snippet

router = Router(tags=["Calls"])


class SaidOut(Shown):
    n: int = Field(description="Its number: the call’s page has it at #turn-17.", examples=[17])
    role: str = Field(description="caller or agent.", examples=["caller"])
    at_ms: int = Field(description="When it began, since the call did.")


class PieceOut(Shown):
    text: str
    hit: bool = Field(description="Whether it is a word that was asked for.")


class HitOut(Shown):
    call: CallOut
    turn: SaidOut | None = Field(description="Where the snippet was said. Null: it is the call’s summary.")
    snippet: str
    pieces: list[PieceOut] = Field(description="The same snippet, with the words that were asked for.")
    match: Literal["words", "meaning", "both"] = Field(description="How it was found.")
    score: float = Field(description="Higher is better; only good for comparing hits of one answer.")


class SearchOut(Shown):
    items: list[HitOut]
    next: None = Field(description="Always null: the best are all there are.")
    meaning: bool = Field(description="False: it was looked for by words alone.")
    corrected: dict[str, str] = Field(
        description="Words that are likely misspelt, as typed, and what each was looked for by, too.",
        examples=[{"outtage": "outage"}],
    )


class Search(CallFilters):
    q: str = Field(
        min_length=1,
        max_length=asked.LONGEST,
        description="Words, “phrases in quotation marks”, -words that must not be there; or a sentence.",
    )
    by: Literal["both", "words"] = Field("both", description="By words and meaning, or by words alone.")
    limit: int = Field(20, ge=1, le=MOST, description="How many hits at most.")


@router.get(
    "/search",
    summary="Search calls",
    auth=access(Permission.SEE_WORDS),
    response=answers(SearchOut, 400),
)
def search_calls(request: HttpRequest, asked_for: Query[Search]):
    """What was said, by its words and by its meaning, the best first. Calls are found within a minute of
    their end."""
    workspace_id = request.viewer.workspace_id
    by_words = asked_for.by == "words"
    among = asked_for.filters.narrow(ours(request, Call)) if asked_for.filters.query else None
    found = look_for(asked_for.q, workspace_id, words_alone=by_words, among=among)
    hits = found.hits[: asked_for.limit]
    calls, why = found.shown(hits, ours(request, LISTED))
    shown = {one.id: one for one in told(calls.values(), request)}
    items = [_hit(hit, shown[hit.call_id], why[hit.call_id]) for hit in hits if hit.call_id in calls]
    is_meant = found.by_meaning and not by_words
    return SearchOut(items=items, next=None, meaning=is_meant, corrected=found.question.corrected)


def _hit(hit: Hit, call: CallOut, why: Snippet) -> HitOut:
    turn = why.turn
    return HitOut(
        call=call,
        turn=SaidOut(n=turn.n, role=turn.role, at_ms=turn.start_ms) if turn else None,
        snippet=why.text,
        pieces=[PieceOut(text=text, hit=is_hit) for text, is_hit in why.pieces],
        match=hit.match,
        score=hit.score,
    )
