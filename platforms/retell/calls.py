"""Retell's call object (of get-call, webhooks and call_details) in our words."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from platforms.clean import clean
from platforms.errors import Unreadable
from platforms.events import (
    CallAnalyzed,
    CallEnded,
    CallEvent,
    CallStarted,
    Outcome,
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


def outcome(reason: str) -> Outcome:
    if reason in OUTCOMES:
        return OUTCOMES[reason]
    if reason.startswith("dial_"):
        return "not_connected"
    return "failed" if reason.startswith("error_") else "completed"


def events_of(call: Any, *, heard_at: datetime) -> list[CallEvent]:
    """Everything a call object says, as facts. `heard_at` stands in for times it leaves out.

    Raises Unreadable. Fields that are missing, unknown or of no use say nothing.
    """
    try:
        return list(_events(clean(call), heard_at))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, ArithmeticError) as error:
        raise Unreadable(f"call object: {type(error).__name__}") from None


def _events(call: dict, heard_at: datetime) -> Iterator[CallEvent]:
    started = _time(call.get("start_timestamp"))
    began = started or _time(call.get("end_timestamp")) or heard_at
    if started or call.get("from_number") or call.get("to_number"):
        yield CallStarted(
            at=began,
            direction=call["direction"] if call.get("direction") in ("inbound", "outbound") else "",
            from_number=_text(call.get("from_number"), 60),
            to_number=_text(call.get("to_number"), 60),
            platform_agent_id=_text(call.get("agent_id"), LONGEST_ID),
        )
    yield from _turns(call, began)
    reason = _text(call.get("disconnection_reason"), 80)
    if reason or call.get("end_timestamp") or call.get("call_status") in OVER:
        yield CallEnded(at=_end(call, began, heard_at), reason=reason, outcome=outcome(reason))
    yield from _analysis(call, began)


def _end(call: dict, began: datetime, heard_at: datetime) -> datetime:
    told = _time(call.get("end_timestamp"))
    if told:
        return told
    duration = call.get("duration_ms")
    return began + timedelta(milliseconds=duration) if isinstance(duration, int) else heard_at


def _turns(call: dict, began: datetime) -> Iterator[CallEvent]:
    entries = call.get("transcript_with_tool_calls") or call.get("transcript_object")
    spoken = {said.key: said for said in transcript(entries)}
    # Tools carry no time: theirs is the end of the words before them.
    latest = 0
    for place, (entry, key) in enumerate(keyed(entries), start=1):
        match entry["role"]:
            case "tool_call_invocation":
                name = _text(entry.get("name"), 64)
                yield ToolCalled(key, _after(began, latest), name, _arguments(entry), latest, place)
            case "tool_call_result":
                ok = entry.get("successful") is not False
                result = _text(entry.get("content"), 15_000)
                yield ToolAnswered(key, _after(began, latest), ok, result, latest)
            case _ if key in spoken:
                # Stands where its first piece stands.
                turn = _turn(spoken.pop(key), began, latest, place)
                latest = turn.end_ms
                yield turn


def _turn(said: Utterance, began: datetime, latest: int, place: int) -> TurnSpoken:
    start = said.words[0].start_ms if said.words else latest
    end = max(start, said.words[-1].end_ms) if said.words else start
    return TurnSpoken(
        turn=said.key,
        at=_after(began, start),
        role=said.role,
        text=said.text,
        start_ms=start,
        end_ms=end,
        n=place,
        words=said.words,
    )


def _analysis(call: dict, began: datetime) -> Iterator[CallAnalyzed]:
    analysis = call.get("call_analysis") or {}
    cents = (call.get("call_cost") or {}).get("combined_cost")
    cost = "" if not isinstance(cents, int | float) else str(Decimal(str(cents)) / 100)
    if not analysis and not cost:
        return
    successful = analysis.get("call_successful")
    custom = analysis.get("custom_analysis_data")
    yield CallAnalyzed(
        at=_time(call.get("end_timestamp")) or began,
        summary=_text(analysis.get("call_summary"), 10_000),
        sentiment=SENTIMENTS.get(analysis.get("user_sentiment"), ""),  # type: ignore[arg-type]
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
        return {"raw": _text(raw, 15_000)} if raw else {}
    return clean(arguments) if isinstance(arguments, dict) else {"raw": raw}


def _text(value: Any, longest: int) -> str:
    return value[:longest] if isinstance(value, str) else ""


def _time(ms: Any) -> datetime | None:
    if type(ms) is not int or not 0 < ms < 10**13:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC)


def _after(began: datetime, ms: int) -> datetime:
    return began + timedelta(milliseconds=ms)
