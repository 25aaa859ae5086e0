"""What a chat's client asks for. Pure: the body of a POST in, plain values out.

The client sends the whole conversation as it knows it. All we take is the newest message of its user and what
is to become of it; the rest is in our record.
"""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agents.llm import chain
from agents.models import Tier
from calls.parts import CALL
from platforms.clean import clean, read
from platforms.errors import Unreadable

LONGEST_TEXT = 32_000  # characters of one message
LONGEST_PROVIDER = 80
MOST_PARTS = 100
SUBMIT, REGENERATE = "submit-message", "regenerate-message"
# Of chats and messages: what AI SDK clients make, UUIDs, and what people make up. Turns are called by it.
ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9_.:@~+=-]{1,100}")
AN_ID = "1 to 100 letters, digits or any of _ . : @ ~ + = -"


class Invalid(Exception):
    """Something in the request makes no sense: field → what is wrong with it."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(", ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """`message`: the newest of the user's, if there is one. `about`: the message that is said again (submit),
    or whose answer is to be made anew (regenerate); empty: the newest."""

    chat_id: str
    regenerates: bool
    message: Message | None
    about: str = ""
    agent_id: UUID | None = None
    tier: str = ""
    provider: str = ""


def asked(body: bytes) -> Asked:
    """Read the body of `POST /api/chat`. Raises Invalid."""
    try:
        told = read(body)
    except Unreadable as error:
        raise Invalid({"body": f"this is {error}"}) from None
    if not isinstance(told, dict):
        raise Invalid({"body": "a JSON object is expected"})
    told = clean({name: value for name, value in told.items() if name != "messages"}) | {
        "messages": told.get("messages")
    }
    regenerates = _one_of(told, "trigger", (SUBMIT, REGENERATE), default=SUBMIT) == REGENERATE
    about = _id(told, "messageId") if told.get("messageId") is not None else ""
    message = _newest(told, regenerates)
    if message is None and not about:
        raise Invalid({"messages": "there is no message of the user"})
    return Asked(
        chat_id=_id(told, "id"),
        regenerates=regenerates,
        message=message,
        about=about,
        agent_id=_uuid(told, "agentId"),
        tier=_tier(told),
        provider=_text(told, "provider", LONGEST_PROVIDER),
    )


def is_id(value: object) -> bool:
    return isinstance(value, str) and bool(ID.fullmatch(value))


def _id(told: dict, field: str, name: str = "") -> str:
    value = told.get(field)
    if not is_id(value):
        raise Invalid({name or field: AN_ID})
    return str(value)


def _uuid(told: dict, field: str) -> UUID | None:
    value = told.get(field)
    if value is None:
        return None
    try:
        return UUID(value)
    except (TypeError, ValueError, AttributeError):
        raise Invalid({field: "this is no UUID"}) from None


def _text(told: dict, field: str, longest: int) -> str:
    value = told.get(field)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise Invalid({field: f"a text of at most {longest} characters is expected"})
    return value


def _one_of(told: dict, field: str, values: tuple[str, ...], default: str = "") -> str:
    value = told.get(field)
    if value is None:
        return default
    if value not in values:
        raise Invalid({field: f"one of {', '.join(values)} is expected"})
    return str(value)


def _tier(told: dict) -> str:
    tier = _one_of(told, "tier", tuple(Tier.values))
    complexity = _one_of(told, "complexity", tuple(chain.COMPLEXITY))
    return tier or (chain.tier_of(complexity) if complexity else "")


def _newest(told: dict, regenerates: bool) -> Message | None:
    """The newest message of the user: `message`, or the last of `messages`."""
    messages, single = told.get("messages"), told.get("message")
    if single is not None:
        return _message(single, "message")
    if messages is None:
        return None
    if not isinstance(messages, list):
        raise Invalid({"messages": "a list is expected"})
    index = len(messages) - 1
    # What is to be made anew may still be there; the AI SDK leaves it out.
    while regenerates and index >= 0 and _role(messages[index]) == "assistant":
        index -= 1
    return _message(messages[index], f"messages.{index}") if index >= 0 else None


def _role(message: Any) -> Any:
    return message.get("role") if isinstance(message, dict) else None


def _message(message: Any, where: str) -> Message:
    message = clean(message)
    if not isinstance(message, dict):
        raise Invalid({where: "an object is expected"})
    if message.get("role") == "assistant":
        # A client adds a tool's result so; but tools run here.
        raise Invalid({f"{where}.role": "tools run on the server, so there is no answer to be continued"})
    if message.get("role") != "user":
        raise Invalid({f"{where}.role": "a message of the user is expected"})
    name = _id(message, "id", f"{where}.id")
    if name == CALL:
        raise Invalid({f"{where}.id": "this is what the whole call goes by"})
    return Message(name, _words(message.get("parts"), f"{where}.parts"))


def _words(parts: Any, where: str) -> str:
    if not isinstance(parts, list) or not 1 <= len(parts) <= MOST_PARTS:
        raise Invalid({where: f"a list of 1 to {MOST_PARTS} parts is expected"})
    texts = []
    for index, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif not (isinstance(kind, str) and kind.startswith("data-")):
            # What goes with a message for the page's own use says nothing to the agent.
            raise Invalid({f"{where}.{index}": "only text can be sent"})
    text = "\n".join(texts).strip()
    if not text:
        raise Invalid({where: "the message is empty"})
    if len(text) > LONGEST_TEXT:
        raise Invalid({where: f"a message may have {LONGEST_TEXT:,} characters at most"})
    return text
