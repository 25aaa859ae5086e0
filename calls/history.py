"""The list of calls: which of them, in what order, and what each row says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from agents.models import Agent
from base.cursors import make_cursor, read_cursor
from calls import figures, page, parts, wording
from calls.filters import Filters
from calls.models import PLAYGROUND, Call, Turn
from calls.wording import Outcome

PAGE = 50
LIVE = Outcome("Live", "live", "wave")
SNIPPET_LENGTH = 160
MARKED_LENGTH = 2_000  # of which the marks are taken out before


@dataclass(frozen=True, slots=True)
class Row:
    id: UUID
    started_at: datetime
    who: str
    agent: str
    version: str
    outcome: Outcome
    is_live: bool
    length_ms: int | None
    p95: str
    slow: bool
    turns: int
    wordless: str  # what to say where nothing is to be quoted
    cost: str
    role: str = ""  # whose words `snippet` are
    snippet: str = ""
    turn: int | None = None


def agents(workspace_id: UUID) -> list[Agent]:
    return list(Agent.objects.for_workspace(workspace_id).order_by("name"))


def listed(workspace_id: UUID, filters: Filters, cursor: str, *, sees_words: bool) -> dict:
    """One page, newest first: `rows`, cursors `newer` and `older` or empty, `count` and if it `is_exact`."""
    calls = filters.narrow(Call.objects.for_workspace(workspace_id))
    scope = f"calls:{workspace_id}:{filters.query}"
    found, newer, older = _page(calls.select_related("agent", "version"), cursor, scope)
    count, is_exact = figures.about(calls)
    return {
        "rows": _rows(found, sees_words=sees_words),
        "newer": newer,
        "older": older,
        "count": count,
        "is_exact": is_exact,
    }


def _page(calls: QuerySet, cursor: str, scope: str) -> tuple[list[Call], str, str]:
    """By start, not by age of the row: a call may be written down long after it happened."""
    anchor, towards = read_cursor(cursor, scope) if cursor else (None, "older")
    at = Call.objects.filter(pk=anchor).values_list("started_at", flat=True).first() if anchor else None
    if at is None:
        anchor, towards = None, "older"
    if towards == "newer":
        found = list(_after(calls, at, anchor)[: PAGE + 1])
        has_newer, has_older, found = len(found) > PAGE, True, found[:PAGE][::-1]
    else:
        found = list(
            (_before(calls, at, anchor) if anchor else calls.order_by("-started_at", "-id"))[: PAGE + 1]
        )
        has_newer, has_older, found = anchor is not None, len(found) > PAGE, found[:PAGE]
    if not found:
        return [], "", ""
    return (
        found,
        make_cursor(found[0].pk, "newer", scope) if has_newer else "",
        make_cursor(found[-1].pk, "older", scope) if has_older else "",
    )


def _before(calls: QuerySet, at: datetime, pk: UUID) -> QuerySet:
    return calls.filter(Q(started_at__lt=at) | Q(started_at=at, pk__lt=pk)).order_by("-started_at", "-id")


def _after(calls: QuerySet, at: datetime, pk: UUID) -> QuerySet:
    return calls.filter(Q(started_at__gt=at) | Q(started_at=at, pk__gt=pk)).order_by("started_at", "id")


def neighbours(call: Call) -> tuple[UUID | None, UUID | None]:
    """The next newer and the next older call; of a live call, among those that are live."""
    calls = Call.objects.for_workspace(call.workspace_id)
    calls = calls.real() if call.is_real else calls.filter(platform=PLAYGROUND)
    ids = (calls.live() if call.ended_at is None else calls).values_list("pk", flat=True)
    return _after(ids, call.started_at, call.pk).first(), _before(ids, call.started_at, call.pk).first()


def _rows(calls: list[Call], *, sees_words: bool) -> list[Row]:
    ids = [call.pk for call in calls]
    replies, costs = figures.replies_of(ids), figures.model_costs_of(ids)
    last = _last_words(ids) if sees_words else {}
    return [_row(call, replies.get(call.pk), costs.get(call.pk), last.get(call.pk)) for call in calls]


def _row(call: Call, replies: figures.Replies | None, cost: Decimal | None, last: Turn | None) -> Row:
    p95_ms = replies.p95_ms if replies else None
    row = Row(
        id=call.pk,
        started_at=call.started_at,
        who=parts.who(call),
        agent=call.agent.name if call.agent else wording.UNKNOWN_AGENT,
        version=call.version_label,
        outcome=LIVE if call.ended_at is None else wording.outcome(call.outcome),
        is_live=call.ended_at is None,
        length_ms=call.duration_ms if call.ended_at else _ms(timezone.now() - call.started_at),
        p95=wording.seconds(p95_ms),
        slow=p95_ms is not None and p95_ms > 2_000,
        turns=call.turn_count,
        wordless=page.silence(call),
        cost=wording.usd(call.cost_usd + (cost or Decimal(0))),
    )
    if last is None:
        return row
    said = parts.plain(call, last.role, last.text[:MARKED_LENGTH])
    return replace(row, role=last.role, snippet=_shortened(said), turn=last.n)


def _last_words(ids: Iterable[UUID]) -> Mapping[UUID, Turn]:
    spoken = Turn.objects.filter(call_id__in=list(ids)).exclude(role=Turn.Role.TOOL).exclude(text="")
    newest = spoken.order_by("call_id", F("n").desc()).distinct("call_id")
    return {turn.call_id: turn for turn in newest.only("call_id", "n", "role", "text")}


def _shortened(text: str) -> str:
    return text if len(text) <= SNIPPET_LENGTH else f"{text[:SNIPPET_LENGTH].rsplit(' ', 1)[0]}…"


def _ms(span: timedelta) -> int:
    return max(0, span // timedelta(milliseconds=1))
