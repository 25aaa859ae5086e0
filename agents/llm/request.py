"""What we ask of a model, the same for every vendor."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal
from uuid import UUID

from agents.llm.events import ToolCall

Role = Literal["user", "assistant", "tool"]

INTERRUPTED = "(interrupted before there was a result)"
FENCE = "<notes>\n{}\n</notes>"


@dataclass(frozen=True, slots=True)
class ToolSpec:
    name: str  # ours: dots are allowed, the adapters spell them as vendors like it
    description: str = ""
    parameters: dict = field(default_factory=dict)  # JSON Schema of the arguments; empty: takes none


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()  # of an assistant
    tool_call_id: str = ""  # of a tool: which call this is the result of


@dataclass(frozen=True, slots=True)
class Request:
    workspace_id: UUID
    feature: str  # "voice", "chat", "summary", …: what the spend is booked under
    system: str
    messages: Sequence[Message]
    tier: str = "fast"
    tools: Sequence[ToolSpec] = ()
    temperature: float | None = None
    max_tokens: int = 1_024
    agent_id: UUID | None = None
    call_id: UUID | None = None
    trace_id: str = ""  # empty: the one bound where the request is made
    turn: str = ""  # the key of the answer it is for
    provider: str = ""  # the name of the one whose models are asked first within each tier
    chain: Sequence[str] = ()  # ids of the models to be asked, in their order; empty: those of the tier
    version_id: UUID | None = None  # what the agent was told, for the cache
    cache_seconds: int = 0  # how old an answer may be to be given again; 0: none is
    call_cap_usd: Decimal | None = None  # what all answers of the call may cost together
    # What the model has to know and the agent's makers did not write: callers' words are in it. So it is told
    # in the user's role, fenced, before the conversation.
    notes: str = ""
    # For agents/llm/context.py, should all of it be more than a model takes.
    summary: str = ""  # of the older messages
    summarised: int = 0  # how many of the user's messages it covers, from the first, with what was answered
    measure: float = 1.0  # Usage.measure of the conversation's last answer


def told(request: Request) -> list[Message]:
    """The conversation as vendors accept it, with the notes before what the user says first.

    In one message with it, where it is the first of all: some servers refuse two of a user's in a row.
    """
    whole = complete(request.messages)
    if not request.notes:
        return whole
    notes = FENCE.format(request.notes.replace("<", "‹"))
    if whole and whole[0].role == "user":
        return [replace(whole[0], text=f"{notes}\n\n{whole[0].text}"), *whole[1:]]
    return [Message("user", notes), *whole]


def complete(messages: Sequence[Message]) -> list[Message]:
    """The messages as vendors accept them: nothing empty, every tool call with its result right behind it.

    A caller who cuts in leaves tool calls without results, and both vendors refuse such a conversation
    for good. Results that nobody asked for are dropped.
    """
    results = {message.tool_call_id: message for message in messages if message.role == "tool"}
    whole: list[Message] = []
    for message in messages:
        if message.role == "tool" or not (message.text.strip() or message.tool_calls):
            continue
        whole.append(message)
        for call in message.tool_calls:
            whole.append(results.get(call.id) or Message("tool", INTERRUPTED, tool_call_id=call.id))
    return whole
