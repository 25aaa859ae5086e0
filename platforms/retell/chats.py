"""Retell's chat object in our words: a typed conversation, as a call whose turns come whole."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from platforms.errors import Unreadable
from platforms.events import CallEnded, CallEvent, CallStarted, TurnSpoken
from platforms.retell.calls import after, analysis, began, text, time, tool
from platforms.retell.transcript import LONGEST_ID, SPEAKERS, keyed

LONGEST_MS = 2**31 - 1


def events_of(chat: Any, *, heard_at: datetime, over: bool) -> list[CallEvent]:
    """Everything a cleaned chat object says, as facts. `heard_at` stands in for times it leaves out.

    `over` is whether the chat has ended. Raises Unreadable. Fields that are missing, unknown or of no use say
    nothing.
    """
    try:
        return list(_events(chat, heard_at, over))
    except Unreadable:
        raise  # it says already what is wrong
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, ArithmeticError) as error:
        raise Unreadable(f"chat object: {type(error).__name__}") from None


def has_end(chat: dict) -> bool:
    """Whether it says when it ended."""
    return time(chat.get("end_timestamp")) is not None


def _events(chat: dict, heard_at: datetime, over: bool) -> Iterator[CallEvent]:
    start = began(chat, heard_at)
    if time(chat.get("start_timestamp")):
        yield CallStarted(at=start, platform_agent_id=text(chat.get("agent_id"), LONGEST_ID))
    yield from _turns(chat, start, over)
    if over:
        failed = chat.get("chat_status") == "error"
        yield CallEnded(
            at=time(chat.get("end_timestamp")) or heard_at,
            reason="error" if failed else "",
            outcome="failed" if failed else "completed",
        )
    yield from analysis(chat, "chat", start)


def _turns(chat: dict, start: datetime, final: bool) -> Iterator[CallEvent]:
    # A message without a time of its own stands at that of the one before.
    latest = 0
    for place, (entry, key) in enumerate(keyed(chat.get("message_with_tool_calls")), start=1):
        sent = time(entry.get("created_timestamp"))
        if sent:
            latest = min(max(latest, (sent - start) // timedelta(milliseconds=1)), LONGEST_MS)
        at = after(start, latest)
        if entry["role"] not in SPEAKERS:
            yield from tool(entry, key, at, latest, place, final)
        elif said := (entry.get("content") or "").strip():
            role = SPEAKERS[entry["role"]]
            yield TurnSpoken(key, at, role, said, latest, latest, n=place, final=final)
