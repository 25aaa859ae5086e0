"""What a dead process left half said: told to whoever is watching, once, and put into the record."""

from dataclasses import dataclass

import orjson
from channels.db import database_sync_to_async
from django.utils import timezone

from base.trace import current_trace_id
from calls import board, fold, parts, services
from calls.models import LONGEST_MS, Call, Turn
from calls.services import Opening
from platforms.events import CallEvent, ToolAnswered, TurnSpoken
from streaming.log import Entry, Log

UNANSWERED = "Its process ended before it answered."
MESSAGE = "The answer was interrupted."


async def tell(log: Log, call: Call) -> bool:
    """End every answer and tool of the call that nobody is working on any more. True if there was one.

    In the record first, then before whoever watches: what fails in between is still open in the log, so the
    next who calls this tells it. Calling it twice tells once. Raises RedisError.
    """
    topic = parts.topic(call)
    page = await log.snapshot(topic)
    left = _left([(item.group, orjson.loads(item.data)) for item in page.entries if not item.whole])
    done = await database_sync_to_async(_record, thread_sensitive=False)(call, left)
    if done is None:
        return False
    call, turns = done
    entries = [entry for key, opened in left.answers.items() for entry in _ending(key, opened, left, turns)]
    entries += [parts.turn_entry(turn) for key, turn in turns.items() if key not in left.answers]
    await log.append(topic, [*entries, parts.call_entry(call)] if turns else entries)
    await database_sync_to_async(board.announce, thread_sensitive=False)(call)
    return True


@dataclass(frozen=True, slots=True)
class _Left:
    """What is open in the log, by key."""

    answers: dict[str, dict]  # how each began
    said: dict[str, str]  # what was said of each
    tools: set[str]


def _left(open_parts: list[tuple[str, dict]]) -> _Left:
    left = _Left({}, {}, set())
    for group, part in open_parts:
        if part["type"] == "data-turn" and part["data"].get("role") == "agent":
            left.answers[group] = part["data"]
        elif part["type"] == "data-turn" and part["data"].get("role") == "tool":
            left.tools.add(group)
        elif part["type"] == "text-delta":
            left.said[group] = left.said.get(group, "") + part["delta"]
    return left


def _ending(key: str, opened: dict, left: _Left, turns: dict[str, Turn]) -> list[Entry]:
    turn = turns.get(key)
    ending: list[dict] = [{"type": "text-end", "id": key}] if left.said.get(key) else []
    if turn is None or turn.error == "interrupted":
        data = {"type": "interrupted", "retryable": True, "trace_id": current_trace_id()}
        ending += [{"type": "data-error", "data": data}, {"type": "error", "errorText": MESSAGE}]
    entries = [Entry(part, group=key) for part in (*ending, {"type": "finish-step"})]
    if turn:
        return [*entries, parts.turn_entry(turn)]
    gone = {"n": opened["n"], "key": key, "role": "agent", "state": "dropped"}
    part = {"type": "data-turn", "id": key, "data": gone}
    return [*entries, Entry(part, group=key, whole=True, gone=True)]


def _record(call: Call, left: _Left) -> tuple[Call, dict[str, Turn]] | None:
    """Write down how they ended. The call and the turns they are now, by key; None if there was nothing."""
    now = timezone.now()
    ms = min(max(0, round((now - call.started_at).total_seconds() * 1000)), LONGEST_MS)
    rows = Turn.objects.filter(call=call)
    # Known already: its holder died, or we failed, after it was written and before it was shown.
    known = set(rows.filter(key__in=left.answers).values_list("key", flat=True))
    events: list[CallEvent] = [
        TurnSpoken(
            turn=key,
            at=now,
            role="agent",
            text=left.said[key],
            start_ms=opened["start_ms"],
            end_ms=opened["start_ms"],
            n=opened["n"],
            error="interrupted",
        )
        for key, opened in left.answers.items()
        if left.said.get(key) and key not in known
    ]
    waiting = set(rows.filter(role=Turn.Role.TOOL, tool_ok=None).values_list("key", flat=True))
    events += [ToolAnswered(key, now, False, UNANSWERED, ms) for key in sorted(waiting)]
    if not (events or left.answers or left.tools):
        return None
    opening = Opening(started_at=call.started_at)
    recorded = services.record_quietly(
        call.workspace_id, call.platform, call.platform_call_id, events, source=fold.WATCH, opening=opening
    )
    ended = rows.filter(key__in=waiting | left.tools | left.answers.keys()).defer("stream", "words")
    return recorded.call, {turn.key: turn for turn in ended}
