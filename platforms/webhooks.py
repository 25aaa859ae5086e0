"""What a platform's webhooks are to us, whichever platform it is. Its adapter is found in ADAPTERS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from platforms.events import CallEvent


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is known of a delivery without taking its meaning in."""

    kind: str  # the platform's own name of the event
    call_id: str  # the platform's; empty: about no call
    known: bool  # whether it may say something to us


@dataclass(frozen=True, slots=True)
class Told:
    """What a delivery says about one call."""

    events: tuple[CallEvent, ...]
    started_at: datetime  # when the call began, as well as this delivery knows
    channel: Literal["phone", "web", "chat"] = "phone"
    level: Literal["turn", "event"] = "event"  # "turn": its words come while it goes on
    platform_agent_id: str = ""


@dataclass(frozen=True, slots=True)
class EventKind:
    """An event a connection can be told of, for the setup checklist."""

    name: str
    on_by_default: bool
    why: str  # what we use it for, in a sentence


class Adapter(Protocol):
    """A platform's `webhooks` module. Pure: plain values in, plain values out."""

    EVENTS: Sequence[EventKind]
    MAX_BODY: int  # bytes

    def verify(
        self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime
    ) -> datetime | None:
        """When it was signed, if that is told. Header names are lower case. Raises BadSignature."""

    def sign(self, body: bytes, secret: str, now: datetime) -> dict[str, str]:
        """The headers with which the platform would send this body."""

    def envelope(self, body: bytes) -> Envelope:
        """Raises Unreadable."""

    def told(self, body: bytes, received_at: datetime) -> Told:
        """What it says, in our words. Raises Unreadable."""

    def answer(self, envelope: Envelope) -> dict[str, Any]:
        """What the platform reads in our answer at once, besides its status."""
