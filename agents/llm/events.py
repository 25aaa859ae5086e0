"""What a model's answer is made of, the same for every vendor.

`Started`, then `TextDelta`s and `ToolCall`s as they come, then `Usage`, then exactly one of `Finish`
and `Failed`. A request that no model begins to answer is one `Failed`.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal
from uuid import UUID

from agents.llm.errors import ErrorType

FinishReason = Literal["stop", "length", "tool_calls"]


@dataclass(frozen=True, slots=True)
class Started:
    """Just before the first of the answer: who really gives it."""

    provider: str
    model: str
    fallback: int  # how many models of the chain come before this one: they failed, or were left alone
    # The id its record will have. Whoever asked can have it written down should this process die first.
    attempt: UUID = field(default=UUID(int=0), compare=False)
    cached: bool = False  # nobody was asked: the model said this before


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str  # never empty


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model wants something done. Comes whole, once all of its arguments are there."""

    id: str
    name: str
    arguments: dict | None  # None: what the model sent is not a JSON object; see `raw`
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    tokens_in: int  # the whole prompt, what the vendor had cached included
    tokens_cached: int
    tokens_out: int
    estimated: bool = False  # the vendor never said (all of it); counted from the text
    # Filled in by the router, who knows prices, windows and what was asked.
    cost_usd: Decimal = Decimal(0)
    # Tokens of the prompt for each that we estimated: `measure` of the next request.
    measure: float = field(default=1.0, compare=False)
    # How much of the model's window prompt and answer take, from 0 to 1.
    fullness: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Finish:
    reason: FinishReason


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer ends here, begun or not. `message` is ours and may be shown; no vendor's words are in it."""

    type: ErrorType
    message: str
    retryable: bool


Event = Started | TextDelta | ToolCall | Usage | Finish | Failed
