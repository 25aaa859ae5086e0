"""Retell's webhooks: their proof, and what each kind says in our words. platforms/webhooks.py, Adapter."""

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from platforms.clean import clean, glance, read
from platforms.errors import BadSignature, Unreadable
from platforms.events import CallEvent, Step
from platforms.retell import calls, chats
from platforms.retell.transcript import LONGEST_ID
from platforms.webhooks import Envelope, EventKind, Told

MAX_BODY = 2 * 1024 * 1024
HEADER = "x-retell-signature"
TOLERANCE_MS = 300_000  # either way
LONGEST_KIND = 60

EVENTS: Sequence[EventKind] = (
    EventKind("call_started", True, "The call appears on the wallboard."),
    EventKind("call_ended", True, "When and why it ended, and the final transcript."),
    EventKind("call_analyzed", True, "Summary, sentiment and cost."),
    EventKind(
        "transcript_updated", False, "The words of calls held by Retell, turn by turn while they go on."
    ),
    EventKind("transfer_started", False, "A caller is being handed to somebody else, and to whom."),
    EventKind("transfer_bridged", False, "The caller and whoever they were handed to are connected."),
    EventKind("transfer_cancelled", False, "A transfer did not come about."),
    EventKind("transfer_ended", False, "What followed a transfer is over."),
    EventKind("chat_started", True, "The chat appears on the wallboard."),
    EventKind("chat_ended", True, "When it ended, and all its messages."),
    EventKind("chat_analyzed", True, "Summary, sentiment and cost."),
)
ABOUT_CALLS = {kind.name for kind in EVENTS}
# Of a number, before there is a call: what the platform reads in our answer, all of it optional.
INBOUND = ("call_inbound", "chat_inbound")
# The event's name decides whether it is over, because the call's own status is often older. Of those that are
# not named here it depends on whether the object has an end.
OVER = {
    "call_started": False,
    "call_ended": True,
    "call_analyzed": True,
    "chat_started": False,
    "chat_ended": True,
    "chat_analyzed": True,
}
STEPS: dict[str, Step] = {
    "transfer_started": "started",
    "transfer_cancelled": "cancelled",
    "transfer_bridged": "bridged",
    "transfer_ended": "ended",
}

_SIGNATURE = re.compile("v=([0-9]{1,40}),d=([0-9a-f]{64})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> datetime:
    """When it was signed. Header names are lower case. Raises BadSignature."""
    header = headers.get(HEADER)
    if header is None:
        raise BadSignature("the signature is missing")
    signature = _SIGNATURE.fullmatch(header)
    if signature is None:
        raise BadSignature("the signature is malformed")
    signed_ms, digest = int(signature[1]), signature[2]
    if abs((now - _EPOCH) // _MS - signed_ms) > TOLERANCE_MS:
        raise BadSignature("it was signed too long ago, or in the future")
    matches = [hmac.compare_digest(_digest(body, secret, signed_ms), digest) for secret in secrets if secret]
    if not any(matches):
        raise BadSignature("the signature does not match")
    return _EPOCH + signed_ms * _MS


def sign(body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """The headers with which Retell would send this body."""
    signed_ms = (now - _EPOCH) // _MS
    return {HEADER: f"v={signed_ms},d={_digest(body, secret, signed_ms)}"}


def _digest(body: bytes, secret: str, signed_ms: int) -> str:
    return hmac.digest(secret.encode(), body + str(signed_ms).encode(), "sha256").hex()


def envelope(body: bytes) -> Envelope:
    """What it is about. Raises Unreadable."""
    told = _object(glance(body))
    kind = _kind(told)
    if kind not in ABOUT_CALLS:
        return Envelope(kind, "", known=kind in INBOUND)
    return Envelope(kind, _id(kind, _about(kind, told)), known=True)


def told(body: bytes, received_at: datetime) -> Told:
    """What it says, in our words. `received_at` stands in for times it leaves out. Raises Unreadable."""
    message = _object(read(body))
    kind = _kind(message)
    if kind not in ABOUT_CALLS:
        raise Unreadable("it is about no call")
    about = clean(_about(kind, message))
    typed = _is_chat(about)
    reader = chats if typed else calls
    _id(kind, about)
    over = OVER.get(kind, reader.has_end(about))
    events = reader.events_of(about, heard_at=received_at, over=over)
    if kind in STEPS:
        events += _transfer(STEPS[kind], message, about, received_at)
    return Told(
        events=tuple(events),
        started_at=calls.began(about, received_at),
        channel="chat" if typed else "web" if about.get("call_type") == "web_call" else "phone",
        level="turn" if kind == "transcript_updated" else "event",
        platform_agent_id=calls.text(about.get("agent_id"), LONGEST_ID),
    )


def answer(envelope: Envelope) -> dict[str, Any]:
    """What Retell reads in our answer at once: of a number's own hook, that nothing is changed."""
    return {envelope.kind: {}} if envelope.kind in INBOUND else {}


def _object(told: Any) -> dict:
    if not isinstance(told, dict):
        raise Unreadable("not an object")
    return told


def _kind(told: dict) -> str:
    kind = clean(told.get("event"))
    if not isinstance(kind, str) or not kind:
        raise Unreadable("the event has no name")
    return kind[:LONGEST_KIND]


def _about(kind: str, told: dict) -> dict:
    """The call or chat. Older versions of Retell had it under `data`."""
    for name in ("chat", "data") if kind.startswith("chat_") else ("call", "chat", "data"):
        if isinstance(told.get(name), dict):
            return told[name]
    raise Unreadable("it has no call")


def _is_chat(about: dict) -> bool:
    return "call_id" not in about and "chat_id" in about


def _id(kind: str, about: dict) -> str:
    found = clean(about.get("chat_id" if _is_chat(about) else "call_id"))
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_ID:
        raise Unreadable("the call's id is missing or too long")
    return found


def _transfer(step: Step, message: dict, call: dict, received_at: datetime) -> list[CallEvent]:
    """A destination is an object beside the call, and text inside it."""
    beside = clean(message.get("transfer_destination"))
    number = beside.get("number") if isinstance(beside, dict) else beside
    to = calls.text(number, 100) or calls.text(call.get("transfer_destination"), 100)
    return [calls.transferred(call, step, to, received_at)]
