"""What a dead process left half said: put into the record, and told to whoever is watching, once.

Two may do this at the same moment (two watches; a process that takes the call over), and whoever died may
turn out to be alive. The record is changed with the call's row held, and the log keeps nothing of a turn that
comes after its whole picture (`streaming/lua/append.lua`): so whoever is second says nothing new.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

import orjson
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from agents.llm import ledger
from agents.models import ModelCall
from base.trace import current_trace_id
from calls import board, facts, fold, parts, services
from calls.models import LONGEST_MS, PLAYGROUND, Call, Event, Turn
from calls.services import Opening
from live.locks import set_for_now
from live.process import writer
from platforms.events import AnswerBegan, CallEvent, ToolAnswered, TurnSpoken
from streaming.log import Entry, Log

logger = logging.getLogger(__name__)

UNANSWERED = "Its process ended before it answered."
MESSAGE = "The answer was interrupted."
LOCK_SECONDS = 2.0  # others wait for us, too
LOG_SECONDS = 2.0  # how long taking a call over waits for the log: somebody waits for a sign of life

IsHeld = Callable[[Call], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Left:
    """What is open in a call's log, by key."""

    answers: dict[str, dict]  # how each began
    said: dict[str, str]  # what was said of each
    tools: set[str]
    known: set[str]  # everything the log knows of, open or not


class Ending(NamedTuple):
    call: Call
    entries: list[Entry]


async def tell(log: Log, call: Call, is_held: IsHeld | None = None) -> bool:
    """End every answer and tool of the call that nobody is working on any more. True if there was one.

    `is_held` is asked whether somebody is, after all, with the call's row held: a chat may be asked on at
    this very moment, and whoever answers holds it before they write anything down.
    In the record first, then before whoever watches: what fails in between is still open in the log, so the
    next who calls this tells it. Raises RedisError.
    """
    ending = await end(call, await left_open(log, call), is_held)
    if ending is None:
        return False
    await log.append(parts.topic(call), ending.entries)
    await database_sync_to_async(board.announce, thread_sensitive=False)(ending.call)
    return True


async def end_left_open(call: Call) -> bool:
    """End what the process that held the call before us left half said. True if there was something."""
    left = None
    try:
        async with asyncio.timeout(LOG_SECONDS):
            left = await left_open(writer().log, call)
    except (RedisError, TimeoutError) as error:
        logger.warning("call %s: cannot see what was left half said: %s", call.pk, type(error).__name__)
    ending = await end(call, left)
    if ending is None:
        return False
    # Before anything of ours, and kept until the log can take it.
    writer().put(parts.topic(call), *ending.entries)
    return True


async def left_open(log: Log, call: Call) -> Left:
    """Raises RedisError."""
    page = await log.snapshot(parts.topic(call))
    left = Left({}, {}, set(), {item.group for item in page.entries})
    for item in page.entries:
        if not item.whole:
            _take_in(left, item.group, orjson.loads(item.data))
    return left


async def end(call: Call, left: Left | None, is_held: IsHeld | None = None) -> Ending | None:
    """Write down how they ended, and say what there is to tell; None if there was nothing.

    Without a log (`left` None, or one that was emptied) the record knows which answer was under way, though
    not its words.
    """
    return await database_sync_to_async(_end, thread_sensitive=False)(
        call, left or Left({}, {}, set(), set()), is_held
    )


def _take_in(left: Left, group: str, part: dict) -> None:
    if part["type"] == "data-turn" and part["data"].get("role") == "agent":
        left.answers[group] = part["data"]
    elif part["type"] == "data-turn" and part["data"].get("role") == "tool":
        left.tools.add(group)
    elif part["type"] == "text-delta":
        left.said[group] = left.said.get(group, "") + part["delta"]


@transaction.atomic
def _end(call: Call, left: Left, is_held: IsHeld | None) -> Ending | None:
    set_for_now("lock_timeout", LOCK_SECONDS)
    held = Call.objects.select_for_update(of=("self",)).filter(pk=call.pk).first()
    if held is None:
        return None  # deleted meanwhile
    if is_held and async_to_sync(is_held)(call):
        return None
    began = _last_begun(held)
    answers = dict(left.answers)
    rows = Turn.objects.filter(call=held)
    if began and began.turn not in left.known and not rows.filter(key=began.turn).exists():
        # The log forgot it. It had begun to speak, or its model would not have been written down.
        answers[began.turn] = {"n": began.n, "start_ms": began.start_ms}
    # Known already: its holder died, or we failed, after it was written and before it was shown.
    known = set(rows.filter(key__in=answers).values_list("key", flat=True))
    spoken = {key for key in answers if left.said.get(key) or key not in left.answers} - known
    waiting = set(rows.filter(role=Turn.Role.TOOL, tool_ok=None).values_list("key", flat=True))
    if not (answers or waiting or left.tools):
        return None
    now = timezone.now()
    ms = min(max(0, round((now - held.started_at).total_seconds() * 1000)), LONGEST_MS)
    events: list[CallEvent] = [
        TurnSpoken(
            turn=key,
            at=now,
            role="agent",
            text=left.said.get(key, ""),
            start_ms=answers[key]["start_ms"],
            end_ms=answers[key]["start_ms"],
            n=answers[key]["n"],
            model=began.model if began and began.turn == key else "",
            fallback=began.fallback if began and began.turn == key else 0,
            error="interrupted",
        )
        for key in answers
        if key in spoken
    ]
    events += [ToolAnswered(key, now, False, UNANSWERED, ms) for key in sorted(waiting)]
    if began and began.turn in answers.keys() - known:
        ledger.store_lost(_attempt(held, began), left.said.get(began.turn, ""))
    opening = Opening(started_at=held.started_at)
    recorded = services.record_quietly(
        held.workspace_id, held.platform, held.platform_call_id, events, source=fold.WATCH, opening=opening
    )
    ended = rows.filter(key__in=waiting | left.tools | answers.keys()).defer("stream", "words")
    return Ending(recorded.call, _entries(recorded.call, left, answers, {turn.key: turn for turn in ended}))


def _last_begun(call: Call) -> AnswerBegan | None:
    """The newest answer of the call: no two are ever under way."""
    kind = AnswerBegan.__name__
    told = Event.objects.filter(call=call, kind=kind).order_by("at", "id").last()
    return facts.unpack(kind, told.data) if told else None  # type: ignore[return-value]


def _attempt(call: Call, began: AnswerBegan) -> ModelCall:
    """The model's part in it, as far as anybody knows."""
    return ModelCall(
        pk=began.attempt,
        workspace_id=call.workspace_id,
        agent_id=call.agent_id,
        call_id=call.pk,
        trace_id=call.trace_id,
        turn=began.turn,
        feature=_feature(call),
        provider=began.provider,
        model=began.model,
        attempt=began.fallback + 1,
        duration_ms=max(0, round((timezone.now() - began.at).total_seconds() * 1000)),
    )


def _feature(call: Call) -> str:
    if not call.is_real:
        return PLAYGROUND
    return "chat" if call.channel == Call.Channel.CHAT else "voice"


def _entries(call: Call, left: Left, answers: dict[str, dict], turns: dict[str, Turn]) -> list[Entry]:
    entries = []
    for key, opened in answers.items():
        turn = turns.get(key)
        ending: list[dict] = [{"type": "text-end", "id": key}] if left.said.get(key) else []
        if turn is None or turn.error == "interrupted":
            data = {"type": "interrupted", "retryable": True, "trace_id": current_trace_id()}
            ending += [{"type": "data-error", "data": data}, {"type": "error", "errorText": MESSAGE}]
        entries += [Entry(part, group=key) for part in (*ending, {"type": "finish-step"})]
        entries.append(parts.turn_entry(turn) if turn else dropped(key, opened["n"]))
    entries += [parts.turn_entry(turn) for key, turn in turns.items() if key not in answers]
    return [*entries, parts.call_entry(call)] if turns else entries


def dropped(key: str, n: int) -> Entry:
    """That nothing of an answer stays. A picture, not a last one: the log keeps nothing that comes after it,
    so nobody is told again."""
    gone = {"n": n, "key": key, "role": "agent", "state": "dropped"}
    return Entry({"type": "data-turn", "id": key, "data": gone}, group=key, whole=True)
