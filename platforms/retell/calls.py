"""Retell's call object (of get-call, webhooks and call_details) in our words."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from platforms.clean import clean
from platforms.errors import Unreadable
from platforms.events import (
    CallAnalyzed,
    CallEnded,
    CallEvent,
    CallRecorded,
    CallStarted,
    CallTransferred,
    Outcome,
    Step,
    ToolAnswered,
    ToolCalled,
    TurnSpoken,
)
from platforms.retell.transcript import LONGEST_ID, Utterance, keyed, transcript

# How a call ended, by Retell's reason. One we do not know is judged by how it begins (`outcome`).
OUTCOMES: dict[str, Outcome] = {
    "user_hangup": "caller_hung_up",
    "agent_hangup": "agent_hung_up",
    "call_transfer": "transferred",
    "transfer_bridged": "transferred",
    "call_take_over": "transferred",
    "invalid_destination": "not_connected",
    "telephony_provider_permission_denied": "not_connected",
    "telephony_provider_unavailable": "not_connected",
    "sip_routing_error": "not_connected",
    "marked_as_spam": "not_connected",
    "network_blocked": "not_connected",
    "user_declined": "not_connected",
    "registered_call_timeout": "not_connected",
    "error_user_not_joined": "not_connected",
    "concurrency_limit_reached": "not_connected",
    "no_concurrency_fallback": "not_connected",
    "no_valid_payment": "not_connected",
    "credit_exhausted": "not_connected",
    "budget_reached": "not_connected",
    "scam_detected": "failed",
}
SENTIMENTS = {"Positive": "positive", "Neutral": "neutral", "Negative": "negative"}
OVER = ("ended", "error", "not_connected")
# It was handed to somebody else, and the agent's part ended with that.
HANDED_OVER = ("call_transfer", "transfer_bridged")
# Where it says a recording is, the best first, and whether each of the two has a channel of their own.
RECORDINGS = {
    "recording_multi_channel_url": True,
    "scrubbed_recording_multi_channel_url": True,
    "recording_url": False,
    "scrubbed_recording_url": False,
}
LONGEST_URL = 4_000
LONGEST_MS = 30 * 24 * 3600 * 1000  # what says it took longer is mistaken
DEAREST = 10**8  # cents; what says it cost more is mistaken


def outcome(reason: str) -> Outcome:
    if reason in OUTCOMES:
        return OUTCOMES[reason]
    if reason.startswith("dial_"):
        return "not_connected"
    return "failed" if reason.startswith("error_") else "completed"


def events_of(call: Any, *, heard_at: datetime, over: bool | None = None) -> list[CallEvent]:
    """Everything a cleaned call object says, as facts. `heard_at` stands in for times it leaves out.

    `over` is whether the call has ended; None: as the object says. The transcript of one that has is final.
    Raises Unreadable. Fields that are missing, unknown or of no use say nothing.
    """
    try:
        return list(_events(call, heard_at, over))
    except Unreadable:
        raise  # it says already what is wrong
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, ArithmeticError) as error:
        raise Unreadable(f"call object: {type(error).__name__}") from None


def has_end(call: dict) -> bool:
    """Whether it says when or why it ended. Its status may be older than the rest of it."""
    return bool(text(call.get("disconnection_reason"), 1) or time(call.get("end_timestamp")))


def began(call: dict, heard_at: datetime) -> datetime:
    """When it began, as well as it says."""
    return time(call.get("start_timestamp")) or time(call.get("end_timestamp")) or heard_at


def _events(call: dict, heard_at: datetime, over: bool | None) -> Iterator[CallEvent]:
    start = began(call, heard_at)
    if over is None:
        over = has_end(call) or call.get("call_status") in OVER
    if time(call.get("start_timestamp")) or call.get("from_number") or call.get("to_number"):
        yield CallStarted(
            at=start,
            direction=call["direction"] if call.get("direction") in ("inbound", "outbound") else "",
            from_number=text(call.get("from_number"), 60),
            to_number=text(call.get("to_number"), 60),
            platform_agent_id=text(call.get("agent_id"), LONGEST_ID),
        )
    yield from _turns(call, start, over)
    if over:
        reason = text(call.get("disconnection_reason"), 80)
        to = text(call.get("transfer_destination"), 100)
        if to and reason in HANDED_OVER:
            yield transferred(call, "bridged", to, heard_at)
        yield CallEnded(at=_end(call, start, heard_at), reason=reason, outcome=outcome(reason))
        yield from _recorded(call, start)
    yield from analysis(call, "call", start)


def _recorded(call: dict, start: datetime) -> Iterator[CallRecorded]:
    """The best of its recordings: two channels before one, and whole before what was left of it."""
    for name, split in RECORDINGS.items():
        url = text(call.get(name), LONGEST_URL)
        if url.startswith(("https://", "http://")):
            yield CallRecorded(time(call.get("end_timestamp")) or start, url, split)
            return


def transferred(call: dict, step: Step, to: str, heard_at: datetime) -> CallTransferred:
    return CallTransferred(time(call.get("transfer_end_timestamp")) or began(call, heard_at), step, to)


def _end(call: dict, start: datetime, heard_at: datetime) -> datetime:
    told = time(call.get("end_timestamp"))
    if told:
        return told
    duration = call.get("duration_ms")
    if type(duration) is int and 0 <= duration <= LONGEST_MS:
        return after(start, duration)
    return heard_at


def _turns(call: dict, start: datetime, final: bool) -> Iterator[CallEvent]:
    entries = call.get("transcript_with_tool_calls") or call.get("transcript_object")
    spoken = {said.key: said for said in transcript(entries)}
    # Tools carry no time: theirs is the end of the words before them.
    latest = 0
    for place, (entry, key) in enumerate(keyed(entries), start=1):
        if key in spoken:
            # Stands where its first piece stands.
            turn = _turn(spoken.pop(key), start, latest, place, final)
            latest = turn.end_ms
            yield turn
        else:
            yield from tool(entry, key, after(start, latest), latest, place, final)


def _turn(said: Utterance, start: datetime, latest: int, place: int, final: bool) -> TurnSpoken:
    words = said.words
    start_ms = words[0].start_ms if words else latest
    end_ms = max(start_ms, words[-1].end_ms) if words else start_ms
    return TurnSpoken(
        turn=said.key,
        at=after(start, start_ms),
        role=said.role,
        text=said.text,
        start_ms=start_ms,
        end_ms=end_ms,
        n=place,
        words=words,
        final=final,
    )


def tool(
    entry: dict, key: str, at: datetime, ms: int, place: int, final: bool
) -> Iterator[ToolCalled | ToolAnswered]:
    """What a transcript's entry says of a tool; nothing, if it is about something else."""
    match entry["role"]:
        case "tool_call_invocation":
            name = text(entry.get("name"), 64)
            yield ToolCalled(key, at, name, _arguments(entry), ms, place, final)
        case "tool_call_result":
            ok = entry.get("successful") is not False
            yield ToolAnswered(key, at, ok, text(entry.get("content"), 15_000), ms, final)


def analysis(told: dict, name: Literal["call", "chat"], start: datetime) -> Iterator[CallAnalyzed]:
    """What the platform makes of it afterwards, and what it cost."""
    found = told.get(f"{name}_analysis") or {}
    cents = (told.get(f"{name}_cost") or {}).get("combined_cost")
    cost = ""
    if type(cents) in (int, float) and 0 <= cents < DEAREST:
        cost = f"{round(Decimal(str(cents)) / 100, 6).normalize():f}"
    if not found and not cost:
        return
    successful = found.get(f"{name}_successful")
    custom = found.get("custom_analysis_data")
    yield CallAnalyzed(
        at=time(told.get("end_timestamp")) or start,
        summary=text(found.get(f"{name}_summary"), 10_000),
        sentiment=SENTIMENTS.get(text(found.get("user_sentiment"), 20), ""),  # type: ignore[arg-type]
        successful=successful if isinstance(successful, bool) else None,
        cost_usd=cost,
        custom=custom if isinstance(custom, dict) else {},
    )


def _arguments(entry: dict) -> dict:
    """A tool's arguments, which come as JSON in a string; kept as they are if they are no object."""
    raw = entry.get("arguments")
    try:
        arguments = json.loads(raw)
    except (TypeError, ValueError):
        return {"raw": text(raw, 15_000)} if raw else {}
    return clean(arguments) if isinstance(arguments, dict) else {"raw": raw}


def text(value: Any, longest: int) -> str:
    return value[:longest] if isinstance(value, str) else ""


def time(ms: Any) -> datetime | None:
    if type(ms) is not int or not 0 < ms < 10**13:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC)


def after(start: datetime, ms: int) -> datetime:
    return start + timedelta(milliseconds=ms)
