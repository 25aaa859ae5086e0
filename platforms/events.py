"""The words every platform is translated into. What happened on a call, as plain values.

A platform's adapter says these; `calls.services.record()` is the only listener. Times are aware datetimes
(`at`, the platform's own clock where it has one) or whole milliseconds since the call began (`…_ms`).
Each event has a `key`, unique within its call and source: the same fact told twice has the same key, and a
fact told again differently (a rerun analysis, a turn whose last words came late) has another one.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Speaker = Literal["caller", "agent"]
Step = Literal["started", "cancelled", "bridged", "ended"]
Action = Literal["alert", "whisper", "transfer", "end"]
Outcome = Literal["completed", "caller_hung_up", "agent_hung_up", "transferred", "not_connected", "failed"]


def _digest(fact: object) -> str:
    # A dataclass' repr is its class and every field: exactly what makes two facts the same.
    return hashlib.sha256(repr(fact).encode(errors="replace")).hexdigest()[:16]


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
        return f"started:{_digest(self)}"


@dataclass(frozen=True, slots=True)
class TurnSpoken:
    """One finished turn of a person or an agent."""

    # "c3": the caller's fourth utterance; "r7": the answer to response 7; "a2": an agent's third unasked.
    turn: str
    at: datetime
    role: Speaker
    text: str
    start_ms: int
    end_ms: int
    # Its number on the page, if whoever watched it live has given it one; from a transcript, its place there.
    n: int | None = None
    words: tuple[Word, ...] = ()
    final: bool = False  # of a platform's transcript: told after the call, when nothing changes any more
    # As it streamed: (milliseconds since the call began, what was added then); of a caller, whose words may
    # still change while they speak, all the words so far. Empty when it came whole.
    stream: tuple[tuple[int, str], ...] = ()
    heard: str | None = None  # what was spoken before the caller cut in; None: all of it
    reply_ms: int | None = None  # from the end of the caller's words to the first of the answer
    model: str = ""  # which model answered
    fallback: int = 0  # how many models of the chain had failed before it
    # Why the answer is cut short: one of the typed errors of the live stream, or "superseded" by a newer one.
    error: str = ""

    @property
    def key(self) -> str:
        return f"{self.turn}:{_digest(self)}"


@dataclass(frozen=True, slots=True)
class AnswerBegan:
    """A model has begun to answer: what is known of the turn should its process not live to tell more."""

    turn: str
    at: datetime
    attempt: str  # the id of the ModelCall
    provider: str
    model: str
    fallback: int
    start_ms: int
    n: int

    @property
    def key(self) -> str:
        return f"{self.turn}:began:{self.attempt}"


@dataclass(frozen=True, slots=True)
class TurnHeard:
    """The caller cut in: this is what they had heard of an answer by then."""

    turn: str
    at: datetime
    text: str

    @property
    def key(self) -> str:
        return f"{self.turn}:heard:{_digest(self)}"


@dataclass(frozen=True, slots=True)
class TurnTakenBack:
    """Of a chat: what came before was said again differently, or answered anew. The turn was there, but is no
    part of the conversation any more."""

    turn: str
    at: datetime

    @property
    def key(self) -> str:
        return f"{self.turn}:back"


@dataclass(frozen=True, slots=True)
class ToolCalled:
    tool_call: str  # its id
    at: datetime
    name: str
    arguments: dict
    start_ms: int
    n: int | None = None
    final: bool = False  # as of TurnSpoken

    @property
    def turn(self) -> str:
        return self.tool_call

    @property
    def key(self) -> str:
        return f"{self.tool_call}:call:{_digest(self)}"


@dataclass(frozen=True, slots=True)
class ToolAnswered:
    tool_call: str
    at: datetime
    ok: bool
    result: str
    end_ms: int
    final: bool = False

    @property
    def turn(self) -> str:
        return self.tool_call

    @property
    def key(self) -> str:
        return f"{self.tool_call}:answer:{_digest(self)}"


@dataclass(frozen=True, slots=True)
class CallTransferred:
    """How far handing the caller to somebody else has come."""

    at: datetime
    step: Step
    to: str = ""  # a number or SIP address

    @property
    def key(self) -> str:
        return f"transfer:{_digest(self)}"


@dataclass(frozen=True, slots=True)
class CallEnded:
    at: datetime
    reason: str = ""  # the platform's own word
    outcome: Outcome = "completed"

    @property
    def key(self) -> str:
        return f"ended:{_digest(self)}"


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
        return f"analyzed:{_digest(self)}"


@dataclass(frozen=True, slots=True)
class CallRecorded:
    """There is a recording. Whoever has its address can listen, so the address is not kept with the facts."""

    at: datetime
    url: str = ""
    split: bool = False  # each of the two on a channel of their own

    @property
    def key(self) -> str:
        # Signed anew with every telling, it is the same recording.
        return f"recorded:{_digest((self.url.split('?')[0], self.split))}"


@dataclass(frozen=True, slots=True)
class RuleFired:
    """An escalation rule of the agent fired. Told once for each time it does."""

    at: datetime  # when it was noticed
    rule: str  # its id in the version that answered
    occurrence: int  # in this call, from 1
    name: str  # what the rule is called
    at_ms: int  # when it fired, within the call
    about: str = ""  # the key of the turn or tool it was for; empty: of none
    do: Action = "alert"  # what the rule says is to be done
    done: Action = "alert"  # what could be: somebody has to hold the call to act on it
    say: str = ""  # to the model, or to the caller

    @property
    def key(self) -> str:
        return f"rule:{self.rule}:{self.occurrence}"


TurnEvent = TurnSpoken | TurnHeard | TurnTakenBack | ToolCalled | ToolAnswered
CallEvent = (
    CallStarted
    | CallTransferred
    | CallEnded
    | CallAnalyzed
    | CallRecorded
    | AnswerBegan
    | RuleFired
    | TurnEvent
)
