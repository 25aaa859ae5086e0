"""The words every platform is translated into. What happened on a call, as plain values.

A platform's adapter says these; `calls.services.record()` is the only listener. Times are aware datetimes
(`at`, the platform's own clock where it has one) or whole milliseconds since the call began (`…_ms`).
Each event has a `key`, unique within its call: the same fact told twice has the same key.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Speaker = Literal["caller", "agent"]
Outcome = Literal["completed", "caller_hung_up", "agent_hung_up", "transferred", "not_connected", "failed"]


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class CallStarted:
    at: datetime
    direction: Literal["inbound", "outbound", ""] = ""
    from_number: str = ""
    to_number: str = ""
    platform_agent_id: str = ""

    @property
    def key(self) -> str:
        return "started"


@dataclass(frozen=True, slots=True)
class TurnSpoken:
    """One finished turn of a person or an agent."""

    key: str  # "c3" the caller's fourth utterance, "r7" the answer to response 7
    at: datetime
    role: Speaker
    text: str
    start_ms: int
    end_ms: int
    n: int | None = None  # its number on the page, if whoever watched it live has given it one
    words: tuple[Word, ...] = ()
    # As it streamed: (milliseconds since the call began, what was added then). Empty when it came whole.
    stream: tuple[tuple[int, str], ...] = ()
    heard: str | None = None  # what was spoken before the caller cut in; None: all of it
    reply_ms: int | None = None  # from the end of the caller's words to the first of the answer
    model: str = ""  # which model answered
    fallback: int = 0  # how many models of the chain had failed before it
    error: str = ""  # why the answer is cut short: one of the typed errors of the live stream


@dataclass(frozen=True, slots=True)
class ToolCalled:
    key: str  # the tool call's id
    at: datetime
    name: str
    arguments: dict
    start_ms: int
    n: int | None = None


@dataclass(frozen=True, slots=True)
class ToolAnswered:
    tool_call: str  # the key of its ToolCalled
    at: datetime
    ok: bool
    result: str
    end_ms: int

    @property
    def key(self) -> str:
        return f"{self.tool_call}:answer"


@dataclass(frozen=True, slots=True)
class CallEnded:
    at: datetime
    reason: str = ""  # the platform's own word
    outcome: Outcome = "completed"

    @property
    def key(self) -> str:
        return f"ended:{self.reason}"


@dataclass(frozen=True, slots=True)
class CallAnalyzed:
    at: datetime
    summary: str = ""
    sentiment: Literal["positive", "neutral", "negative", ""] = ""
    successful: bool | None = None
    cost_usd: str = ""  # decimal
    custom: dict = field(default_factory=dict)

    @property
    def key(self) -> str:
        return "analyzed"


CallEvent = CallStarted | TurnSpoken | ToolCalled | ToolAnswered | CallEnded | CallAnalyzed
