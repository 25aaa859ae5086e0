"""The board: one card per call, and who may see what of it.

A card is a whole picture, built by one pure function from the record and what is happening right now, for the
page's first drawing and for the stream alike. Two topics carry it: one with the words for those who may read
them, one with the facts alone. Nobody filters per reader.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q
from django.utils import timezone

from calls import mood, parts, wording
from calls.models import Call, CallQuerySet, Turn
from streaming.log import Entry, publish

LINGER = timedelta(seconds=8)  # how long an ended call stays on the board
RIBBON_MS = 60_000
SLOW_MS = 2_000  # the median of the last replies above which a call is slow
REPLIES = 5
LINES, LINE_LENGTH, NOW_LENGTH = 3, 160, 240  # how much of what was said a card shows
MARKED_LENGTH = 2_000  # and of how much the marks are taken out before


@dataclass(frozen=True, slots=True)
class Now:
    """What is being said or done at this moment and is not in the record yet."""

    last_at: datetime  # when anybody last said anything
    role: str = ""  # whose words: caller, agent; empty: nobody's
    text: str = ""
    speaking: bool = False
    start_ms: int = 0
    end_ms: int = 0
    tool: str = ""  # the tool that is running


def topic(workspace_id: UUID) -> str:
    return f"ws:{workspace_id}:board"


def facts_topic(workspace_id: UUID) -> str:
    """The same board for those who may not read what is said."""
    return f"ws:{workspace_id}:board:facts"


def card(call: Call, turns: Sequence[Turn], now: Now | None = None) -> dict:
    """One call's card. `turns` are all of its turns so far, by number."""
    spoken = [turn for turn in turns if turn.role != Turn.Role.TOOL and turn.text]
    reply_p50_ms = _reply_p50(turns)
    slow = reply_p50_ms is not None and reply_p50_ms > SLOW_MS
    tools = _tools(turns)
    return {
        "id": str(call.pk),
        "status": call.status,
        "who": parts.who(call),
        "agent": call.agent.name if call.agent else wording.UNKNOWN_AGENT,
        "version": call.version.number if call.version else None,
        "topic": call.agent.topic if call.agent else "",
        "level": call.level,
        "channel": call.channel,
        "started_at": call.started_at.isoformat(),
        "duration_ms": call.duration_ms,
        "why": _why(call, turns, reply_p50_ms if slow else None),
        "lines": [_said(call, turn.role, turn.text, LINE_LENGTH) for turn in spoken[-LINES:]],
        "now": _said(call, now.role, now.text, NOW_LENGTH) | {"speaking": now.speaking}
        if now and now.role
        else None,
        "tool": {"name": now.tool, "state": "running"} if now and now.tool else _last_tool(turns),
        "last_at": _last_at(call, turns, now).isoformat(),
        "reply_p50_ms": reply_p50_ms,
        "slow": slow,
        "tools": tools,
        "mood": mood.course([turn.mood for turn in turns if turn.mood is not None]),
        "ribbon": _ribbon(turns, now),
        "ticks": [turn.start_ms for turn in turns if turn.role == Turn.Role.TOOL],
        "outcome": call.outcome,
        "revision": call.revision,
    }


def without_words(picture: dict) -> dict:
    """The same card for the other audience: who is speaking may be seen, what is said may not."""
    now = picture["now"] and picture["now"] | {"text": ""}
    return picture | {"lines": [], "now": now}


def _said(call: Call, role: str, text: str, length: int) -> dict:
    return {"role": role, "text": tail(parts.plain(call, role, text[-MARKED_LENGTH:]), length)}


def tail(text: str, length: int) -> str:
    """The end of a text, begun at a whole word."""
    if len(text) <= length:
        return text
    cut = text[-length:]
    _, space, rest = cut.partition(" ")
    return f"…{rest if space else cut}"


def _reply_p50(turns: Sequence[Turn]) -> int | None:
    replies = [turn.reply_ms for turn in turns if turn.reply_ms is not None][-REPLIES:]
    return round(statistics.median(replies)) if replies else None


def _tools(turns: Sequence[Turn]) -> dict:
    states = [turn.tool_ok for turn in turns if turn.role == Turn.Role.TOOL]
    return {"ok": states.count(True), "failed": states.count(False), "running": states.count(None)}


def _last_tool(turns: Sequence[Turn]) -> dict | None:
    """The tool whose result nobody has spoken about yet."""
    if turns and turns[-1].role == Turn.Role.TOOL:
        state = {None: "running", True: "ok", False: "failed"}[turns[-1].tool_ok]
        return {"name": turns[-1].tool_name, "state": state}
    return None


def _last_at(call: Call, turns: Sequence[Turn], now: Now | None) -> datetime:
    if now:
        return now.last_at
    ends = [turn.end_ms if turn.end_ms is not None else turn.start_ms for turn in turns]
    return call.started_at + timedelta(milliseconds=max(ends, default=0))


def _ribbon(turns: Sequence[Turn], now: Now | None) -> list[list]:
    """Who spoke when in the last minute: [[start_ms, end_ms, role, words], …]."""
    segments: list[list[Any]] = [
        [turn.start_ms, max(turn.end_ms or 0, turn.start_ms), turn.role, len(turn.text.split())]
        for turn in turns
        if turn.role != Turn.Role.TOOL and turn.text
    ]
    if now and now.role and now.text:
        segments.append([now.start_ms, now.end_ms, now.role, len(now.text.split())])
    newest = max((segment[1] for segment in segments), default=0)
    return [segment for segment in segments if segment[1] >= newest - RIBBON_MS]


def _why(call: Call, turns: Sequence[Turn], slow_ms: int | None) -> dict:
    """Why this call is worth a look, most urgent first. Dead air the browser tells: it has a clock."""
    why = {
        "tone": "",
        "icon": "",
        "text": call.agent.topic if call.agent else wording.NOT_LINKED,
        "since": None,
        "timer": False,
    }
    tools = [turn for turn in turns if turn.role == Turn.Role.TOOL]
    if call.status == "failed":
        return why | {"tone": "danger", "icon": "alert", "text": ended(call)}
    if call.status == "ended":
        return why | {"icon": "hangup", "text": ended(call)}
    if call.alerts:
        # Until the call ends: nobody but a person can say that it has been seen to.
        return why | {"tone": "danger", "icon": "flag", "text": call.alerts[-1]["name"]}
    if turns and turns[-1].role == Turn.Role.AGENT and turns[-1].error not in ("", *parts.CUT):
        return why | {"tone": "danger", "icon": "alert", "text": "The agent had no answer"}
    if tools and tools[-1].tool_ok is False:
        return why | {"tone": "warn", "icon": "alert", "text": f"{tools[-1].tool_name} failed"}
    if call.transfer in wording.TRANSFERRING:
        return why | {"icon": "transfer", "text": wording.TRANSFERRING[call.transfer]}
    if slow_ms is not None:
        return why | {"tone": "warn", "icon": "gauge", "text": f"Slow, {slow_ms / 1000:.1f} s"}
    return why


def ended(call: Call) -> str:
    """How a call ended, in words."""
    return {
        "caller_hung_up": "Caller hung up",
        "agent_hung_up": "Agent hung up",
        "transferred": "Transferred",
        "not_connected": "Never connected",
        "failed": wording.LOST.get(call.end_reason, "Failed"),
    }.get(call.outcome, "Ended")


def entries(call: Call, picture: dict) -> list[tuple[str, Entry]]:
    """A card as (topic, entry) for both audiences; or its removal, once the call is long over. None of what
    is only tried out: nobody waits for help there."""
    if not call.is_real:
        return []
    if over(call):
        return removal(call)
    return [
        (topic(call.workspace_id), _entry(picture)),
        (facts_topic(call.workspace_id), _entry(without_words(picture))),
    ]


def over(call: Call) -> bool:
    """Whether it ended so long ago that its card goes. A platform's clock may be ahead: what has been closed
    has ended."""
    return (
        bool(call.ended_at) and min(call.ended_at, call.closed_at or call.ended_at) + LINGER <= timezone.now()
    )


def removal(call: Call) -> list[tuple[str, Entry]]:
    if not call.is_real:
        return []
    entry = gone(str(call.pk))
    return [(topic(call.workspace_id), entry), (facts_topic(call.workspace_id), entry)]


def gone(call_id: str) -> Entry:
    """A card's last picture: that there is none any more."""
    part = {"type": "data-gone", "id": call_id, "call": call_id, "data": {"id": call_id}}
    return Entry(part, group=f"call-{call_id}", whole=True, gone=True)


def _entry(picture: dict) -> Entry:
    call_id = picture["id"]
    part = {"type": "data-card", "id": call_id, "call": call_id, "data": picture}
    return Entry(part, group=f"call-{call_id}", whole=True)


def announce(call: Call) -> None:
    """Show the call's card as the record has it."""
    if not call.is_real:
        return
    turns = list(turns_of_cards().filter(call=call))
    for name, entry in entries(call, card(call, turns)):
        publish(name, [entry])


def turns_of_cards():
    """What a card needs of a call's turns, by number."""
    return Turn.objects.defer("stream", "words", "tool_arguments").order_by("n")


def shown_on(workspace_id: UUID) -> CallQuerySet:
    """The calls on the board: those that go on and those that just ended."""
    lately = timezone.now() - LINGER
    shown = Q(ended_at=None) | Q(ended_at__gt=lately) & (Q(closed_at=None) | Q(closed_at__gt=lately))
    return Call.objects.for_workspace(workspace_id).real().filter(shown)


def cards_on(workspace_id: UUID, *, words: bool) -> list[dict]:
    """Every card of the board, from the record alone, in two queries. `words`: may the reader see them?"""
    calls = (
        shown_on(workspace_id)
        .select_related("agent", "version")
        .prefetch_related(Prefetch("turns", queryset=turns_of_cards()))
        .order_by("started_at", "id")
    )
    pictures = [card(call, list(call.turns.all())) for call in calls]
    return pictures if words else [without_words(picture) for picture in pictures]


def entries_on(workspace_id: UUID, *, words: bool) -> list[Entry]:
    """The same as entries, for a reader whom the log cannot tell everything."""
    return [_entry(picture) for picture in cards_on(workspace_id, words=words)]
