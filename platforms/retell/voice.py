"""Retell's custom-LLM socket: its frames as values, and ours as text. Retell dials us.

Text frames, one JSON object each. Retell drops frames it cannot read without a word, so we send nothing it
does not know; what we cannot read is `Unreadable` or `Unknown`, and harms nobody.
"""

import json
from dataclasses import dataclass
from typing import Any

import orjson

from platforms.clean import clean
from platforms.errors import Unreadable
from platforms.retell.transcript import Utterance, transcript

MAX_FRAME = 4 * 1024 * 1024  # characters: every frame carries the whole transcript, each word with its times
NORMAL_CLOSE = 1000  # sent by us it hangs up
NUL = "\\u0000"  # as JSON spells it
GREETING = 0  # the response id of the words nobody asked for


@dataclass(frozen=True, slots=True)
class PingPong:
    timestamp: int  # ms since 1970, the sender's clock


@dataclass(frozen=True, slots=True)
class CallDetails:
    call: dict  # the call object; platforms/retell/calls.py reads it


@dataclass(frozen=True, slots=True)
class UpdateOnly:
    transcript: tuple[Utterance, ...]
    turntaking: str = ""  # whose turn it has just become: "agent_turn", "user_turn", or nothing new


@dataclass(frozen=True, slots=True)
class ResponseRequired:
    response_id: int
    transcript: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class ReminderRequired:
    """The caller has been silent for long: say something."""

    response_id: int
    transcript: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    kind: str


Frame = PingPong | CallDetails | UpdateOnly | ResponseRequired | ReminderRequired | Unknown


def parse(text: str | bytes | None) -> Frame:
    """Read one frame. Raises Unreadable, and nothing else, whatever it is given."""
    if not isinstance(text, str):
        raise Unreadable("not a text frame")
    if len(text) > MAX_FRAME:
        raise Unreadable("too long")
    try:
        frame = _glance(text)
        if not isinstance(frame, dict):
            raise Unreadable("not an object")
        return _read(frame)
    except RecursionError:
        raise Unreadable("nested too deeply") from None
    except Unreadable:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise Unreadable(type(error).__name__) from None


def _glance(text: str) -> Any:
    """The frame, cleaned if anything in it may need that: transcripts come whole, many times a second.

    What orjson reads has no lone surrogates and no NaN. Long numbers lose digits in it and nothing is too
    deep: no matter to a transcript, of which text, small numbers and a few levels are read; a call is kept
    whole.
    """
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return clean(json.loads(text))
    has_call = isinstance(frame, dict) and "call" in frame
    return clean(json.loads(text)) if has_call or NUL in text else frame


def _read(frame: dict) -> Frame:
    kind = frame.get("interaction_type")
    match kind:
        case "ping_pong":
            return PingPong(_whole(frame.get("timestamp"), "timestamp"))
        case "call_details":
            if not isinstance(frame.get("call"), dict):
                raise Unreadable("call is not an object")
            return CallDetails(frame["call"])
        case "update_only":
            turntaking = frame.get("turntaking")
            return UpdateOnly(
                transcript(frame.get("transcript")), turntaking if isinstance(turntaking, str) else ""
            )
        case "response_required":
            return ResponseRequired(
                _whole(frame.get("response_id"), "response_id"), transcript(frame.get("transcript"))
            )
        case "reminder_required":
            return ReminderRequired(
                _whole(frame.get("response_id"), "response_id"), transcript(frame.get("transcript"))
            )
    return Unknown(str(kind)[:40])


def _whole(value: Any, name: str) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise Unreadable(f"{name} is not a whole number")
    return value


# What we send.


def config() -> str:
    """The first frame, on every connection: keep it alive by pings, tell us about the call."""
    wanted = {"auto_reconnect": True, "call_details": True, "transcript_with_tool_calls": False}
    return _frame({"response_type": "config", "config": wanted})


def ping_pong(timestamp: int) -> str:
    return _frame({"response_type": "ping_pong", "timestamp": timestamp})


def response(
    response_id: int, content: str, *, complete: bool, end_call: bool = False, transfer_number: str = ""
) -> str:
    """A piece of an answer; pieces are joined as they are. Hang-up and transfer wait for it to be spoken."""
    frame: dict[str, Any] = {
        "response_type": "response",
        "response_id": response_id,
        "content": content,
        "content_complete": complete,
    }
    if end_call:
        frame["end_call"] = True
    elif transfer_number:
        frame["transfer_number"] = transfer_number
    return _frame(frame)


def agent_interrupt(
    interrupt_id: int, content: str, *, complete: bool, end_call: bool = False, transfer_number: str = ""
) -> str:
    """Words that nobody asked for, over whatever is being said. The caller cannot cut in: what follows would
    be called off."""
    frame: dict[str, Any] = {
        "response_type": "agent_interrupt",
        "interrupt_id": interrupt_id,
        "content": content,
        "content_complete": complete,
        "no_interruption_allowed": True,
    }
    if end_call:
        frame["end_call"] = True
    elif transfer_number:
        frame["transfer_number"] = transfer_number
    return _frame(frame)


def tool_call_invocation(tool_call_id: str, name: str, arguments: dict) -> str:
    return _frame(
        {
            "response_type": "tool_call_invocation",
            "tool_call_id": tool_call_id,
            "name": name,
            "arguments": orjson.dumps(arguments).decode(),
        }
    )


def tool_call_result(tool_call_id: str, content: str, *, ok: bool) -> str:
    return _frame(
        {
            "response_type": "tool_call_result",
            "tool_call_id": tool_call_id,
            "content": content,
            "successful": ok,
        }
    )


def _frame(frame: dict) -> str:
    return orjson.dumps(frame).decode()
