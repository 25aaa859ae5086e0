"""What rules look at: things that happen on a call, as plain values, each at its own time within the call."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

ESCALATE = "escalate"  # the tool by which a model says itself that a person is needed


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a call from its beginning."""

    channel: str = "phone"
    language: str = ""
    started_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    # Whether nobody being heard means that nobody speaks: not where turns are told once they are over, nor
    # where people type.
    hears_silence: bool = True


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The turn is no part of the conversation any more: it was said again differently, or answered anew."""

    at_ms: int
    key: str


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    at_ms: int
    key: str  # of the turn
    role: str  # caller, agent


@dataclass(frozen=True, slots=True)
class Said:
    """A turn as it was at its end. A caller may go on: then the same turn is said again, longer and later."""

    at_ms: int
    key: str
    role: str
    text: str
    heard_ms: int  # until when it was heard: a voice takes longer over its words than they take to arrive
    mood: float | None = None  # of a caller's: from -1 to 1


@dataclass(frozen=True, slots=True)
class ToolBegan:
    at_ms: int
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class ToolEnded:
    at_ms: int
    key: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Spent:
    """What a model cost, once it had answered."""

    at_ms: int
    key: str
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Charged:
    """What the platform has charged for the call so far, in all."""

    at_ms: int
    key: str
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has come so far, and all that happened before is known."""

    at_ms: int
    key: str = ""


Happening = TakenBack | SpeechBegan | Said | ToolBegan | ToolEnded | Spent | Charged | Tick
RANKS = {kind: rank for rank, kind in enumerate(Happening.__args__)}


def order(happening: Happening) -> tuple:
    """What to sort them by. No two that differ are alike in it, so any order of arrival ends in the same."""
    what = getattr(happening, "text", None) or str(getattr(happening, "ok", ""))
    return happening.at_ms, RANKS[type(happening)], happening.key, what
