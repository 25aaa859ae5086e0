"""Telling of a call in tests, and what is then on record and on the topics of those who watch."""

import json
from itertools import count, groupby

from asgiref.sync import async_to_sync

from calls.models import Call
from calls.services import record
from streaming.log import Log

ids = count()

CALL_FIELDS = (
    "level", "direction", "from_number", "to_number", "started_at", "ended_at", "end_reason", "outcome",
    "summary", "sentiment", "successful", "cost_usd", "turn_count", "status",
)  # fmt: skip
TURN_FIELDS = (
    "key", "n", "role", "text", "start_ms", "end_ms", "words", "stream", "heard", "reply_ms", "model",
    "error", "tool_name", "tool_arguments", "tool_ok",
)  # fmt: skip


def tell(workspace, facts, opening, call_id=None) -> Call:
    """Record the facts in the order given, as many at a time as come from the same source."""
    call_id = call_id or f"call_{next(ids)}"
    for source, told in groupby(facts, key=lambda fact: fact.source):
        events = [fact.event for fact in told]
        call = record(workspace.pk, "retell", call_id, events, source=source, opening=opening)
    return call


def shown(call: Call) -> dict:
    """Everything of a call that anybody can see, but its ids and how often it changed."""
    call = Call.objects.get(pk=call.pk)
    turns = [{name: getattr(turn, name) for name in TURN_FIELDS} for turn in call.turns.all()]
    return {name: getattr(call, name) for name in CALL_FIELDS} | {"turns": turns}


def watched(topic: str) -> list[dict]:
    """What a topic holds for somebody who watched from the start."""

    @async_to_sync
    async def read():
        log = Log()
        try:
            return (await log.recent(topic, 1000)).entries
        finally:
            await log.close()

    return [json.loads(item.data) for item in read()]
