"""What happened on calls, from their record, as escalation rules look at it: live calls and past ones."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from agents.models import ModelCall
from agents.rules.happenings import (
    Charged,
    Facts,
    Happening,
    Said,
    SpeechBegan,
    Spent,
    TakenBack,
    ToolBegan,
    ToolEnded,
)
from calls import fold
from calls.models import Call, Event
from calls.mood import mood_of
from calls.timeline import WORD_MS
from platforms.events import CallAnalyzed, ToolAnswered, ToolCalled, TurnSpoken, TurnTakenBack

KINDS = [kind.__name__ for kind in (TurnSpoken, TurnTakenBack, ToolCalled, ToolAnswered, CallAnalyzed)]


class Told(NamedTuple):
    """A fact of the record, as far as rules care: not how its words streamed."""

    call_id: UUID
    source: str
    kind: str
    turn: str
    at: datetime
    role: str | None
    text: str | None
    start_ms: int | None
    end_ms: int | None
    first_ms: int | None  # of an answer: when its first word came
    final: bool | None
    name: str | None
    ok: bool | None
    cost_usd: str | None


_COLUMNS = (
    "call_id", "source", "kind", "turn", "at", "data__role", "data__text", "data__start_ms", "data__end_ms",
    "data__stream__0__0", "data__final", "data__name", "data__ok", "data__cost_usd",
)  # fmt: skip


class Cost(NamedTuple):
    """What one attempt at a model cost, and when that was known."""

    call_id: UUID
    id: UUID
    at: datetime
    usd: Decimal


def facts_of(call: Call, language: str) -> Facts:
    return Facts(
        channel=call.channel,
        language=language,
        started_at=call.started_at,
        hears_silence=call.level == Call.Level.TOKEN and call.channel != Call.Channel.CHAT,
    )


def told_of(events: QuerySet[Event]) -> list[Told]:
    rows = events.filter(kind__in=KINDS).order_by().values_list(*_COLUMNS)
    return [Told(*row) for row in rows]


def costs_of(calls: Collection[UUID], **narrowed) -> list[Cost]:
    rows = ModelCall.objects.filter(call_id__in=calls, cost_usd__gt=0, **narrowed).order_by()
    return [Cost(*row) for row in rows.values_list("call_id", "pk", "created_at", "cost_usd")]


def happenings(call: Call, told: Sequence[Told], costs: Iterable[Cost]) -> list[Happening]:
    """All that happened on a call, in no order. What is paid after it has ended is no part of it."""
    return _happened(call, _heard(call, told), told, costs)


def news(call: Call, told: Sequence[Told], costs: Iterable[Cost]) -> list[Happening]:
    """What happened as a call goes on, of a part of its record: it is the same whatever else is known. What
    a platform only tells after the call is left out."""
    return _happened(call, [one for one in _of_teller(call, told) if not one.final], told, costs)


def _happened(
    call: Call, heard: Iterable[Told], told: Iterable[Told], costs: Iterable[Cost]
) -> list[Happening]:
    happened: list[Happening] = []
    for one in heard:
        happened += _of_turn(call, one)
    for one in told:
        if one.kind == CallAnalyzed.__name__ and one.cost_usd:
            happened.append(Charged(_ms(call, one.at), one.source, Decimal(one.cost_usd)))
    happened += [Spent(_ms(call, cost.at), str(cost.id), cost.usd) for cost in costs]
    end_ms = call.duration_ms
    if end_ms is None:
        return happened
    return [one for one in happened if not (isinstance(one, Spent | Charged) and one.at_ms > end_ms)]


def _heard(call: Call, told: Sequence[Told]) -> list[Told]:
    """As it went on if it was told then, or else from the platform's transcript."""
    heard = _of_teller(call, told)
    return [one for one in heard if not one.final] or heard


def _of_teller(call: Call, told: Iterable[Told]) -> list[Told]:
    """Who tells of a call's turns: we, if we held it, or else the platform."""
    tellers = fold.OURS if call.level == Call.Level.TOKEN else fold.THEIRS
    return [one for one in told if one.source in tellers and one.kind != CallAnalyzed.__name__]


def _of_turn(call: Call, one: Told) -> list[Happening]:
    if one.kind == TurnTakenBack.__name__:
        return [TakenBack(_ms(call, one.at), one.turn)]
    if one.kind == ToolCalled.__name__:
        return [ToolBegan(one.start_ms or 0, one.turn, one.name or "")]
    if one.kind == ToolAnswered.__name__:
        return [ToolEnded(one.end_ms or 0, one.turn, bool(one.ok))]
    if one.kind != TurnSpoken.__name__ or not one.text:
        return []
    end = one.end_ms or 0
    began = min(end, one.start_ms if one.first_ms is None or one.role == "caller" else one.first_ms)
    if one.role == "caller":
        said = Said(end, one.turn, "caller", one.text, end, mood_of(one.text))
    else:
        # Its words arrive faster than its voice says them.
        voice_ms = began + len(one.text.split()) * WORD_MS
        said = Said(end, one.turn, "agent", one.text, max(end, voice_ms))
    return [SpeechBegan(began, one.turn, said.role), said]


def _ms(call: Call, at: datetime) -> int:
    return max(0, (at - call.started_at) // timedelta(milliseconds=1))
