"""What a dead process left half said: told to whoever is watching, once, and put into the record."""

import orjson
from channels.db import database_sync_to_async
from django.utils import timezone

from base.trace import current_trace_id
from calls import fold, parts, services
from calls.models import Call, Turn
from calls.services import Opening
from platforms.events import CallEvent, ToolAnswered, TurnSpoken
from streaming.log import Entry, Log

UNANSWERED = "Its process ended before it answered."
MESSAGE = "The answer was interrupted."


async def tell(log: Log, call: Call) -> bool:
    """End every answer and tool of the call that nobody is working on any more. True if there was one.

    Raises RedisError. Calling it twice tells once: what was ended is not open any more.
    """
    page = await log.snapshot(parts.topic(call))
    unfinished = _unfinished(
        [(item.group, orjson.loads(item.data)) for item in page.entries if not item.whole]
    )
    for key, (opened, text) in unfinished.items():
        await log.append(parts.topic(call), _ending(key, opened, text))
    recorded = await database_sync_to_async(_record, thread_sensitive=False)(call, unfinished)
    return recorded or bool(unfinished)


def _unfinished(open_parts: list[tuple[str, dict]]) -> dict[str, tuple[dict, str]]:
    """Answers among what is open: by key, how each began and what was said of it."""
    began: dict[str, dict] = {}
    said: dict[str, str] = {}
    for group, part in open_parts:
        if part["type"] == "data-turn" and part["data"].get("role") == "agent":
            began[group] = part["data"]
        elif part["type"] == "text-delta":
            said[group] = said.get(group, "") + part["delta"]
    return {key: (data, said.get(key, "")) for key, data in began.items()}


def _ending(key: str, opened: dict, text: str) -> list[Entry]:
    data = {"type": "interrupted", "retryable": True, "trace_id": current_trace_id()}
    ending: list[dict] = [{"type": "text-end", "id": key}] if text else []
    ending += [
        {"type": "data-error", "data": data},
        {"type": "error", "errorText": MESSAGE},
        {"type": "finish-step"},
    ]
    entries = [Entry(part, group=key) for part in ending]
    if text:
        # Shown again from the record once it is there; until then this stands for it.
        picture = opened | {"state": "interrupted", "text": text, "error": "interrupted"}
        return [*entries, Entry({"type": "data-turn", "id": key, "data": picture}, group=key, whole=True)]
    gone = {"n": opened["n"], "key": key, "role": "agent", "state": "dropped"}
    part = {"type": "data-turn", "id": key, "data": gone}
    return [*entries, Entry(part, group=key, whole=True, gone=True)]


def _record(call: Call, unfinished: dict[str, tuple[dict, str]]) -> bool:
    now = timezone.now()
    ms = max(0, round((now - call.started_at).total_seconds() * 1000))
    events: list[CallEvent] = [
        TurnSpoken(
            turn=key,
            at=now,
            role="agent",
            text=text,
            start_ms=opened["start_ms"],
            end_ms=opened["start_ms"],
            n=opened["n"],
            error="interrupted",
        )
        for key, (opened, text) in unfinished.items()
        if text
    ]
    waiting = Turn.objects.filter(call=call, role=Turn.Role.TOOL, tool_ok=None)
    events += [ToolAnswered(key, now, False, UNANSWERED, ms) for key in waiting.values_list("key", flat=True)]
    if not events:
        return False
    opening = Opening(started_at=call.started_at)
    services.record(
        call.workspace_id, call.platform, call.platform_call_id, events, source=fold.WATCH, opening=opening
    )
    return True
