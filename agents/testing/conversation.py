"""A test's conversation as a model reads it, and the recording that its tools answer from. Pure."""

from collections.abc import Sequence

from agents.llm.events import ToolCall
from agents.llm.request import Message
from agents.testing.forms import AGENT, CALLER, TOOL, Entry
from agents.tooling.recorded import Recorded, Recording


def messages_of(entries: Sequence[Entry]) -> list[Message]:
    """What an agent says before it uses a tool is one message with that: some servers refuse two of an
    assistant's in a row."""
    told: list[Message] = []
    for n, entry in enumerate(entries):
        if entry["role"] == TOOL:
            call = ToolCall(f"t{n}", entry["name"], entry["arguments"])
            before = told.pop().text if told and told[-1].role == "assistant" else ""
            told.append(Message("assistant", before, tool_calls=(call,)))
            told.append(Message("tool", entry["text"], tool_call_id=call.id))
        else:
            told.append(Message("user" if entry["role"] == CALLER else "assistant", entry["text"]))
    return told


def answered_from(entries: Sequence[Entry], start: int) -> int:
    """`start`, or the caller's words right before it: their answer would be dropped, and none given."""
    while start and entries[start - 1]["role"] == CALLER:
        start -= 1
    return start


def recording_of(entries: Sequence[Entry], start: int) -> Recording:
    """What came before `start` has been heard."""
    uses = [(n, entry) for n, entry in enumerate(entries) if entry["role"] == TOOL]
    return Recording(
        [Recorded(entry["name"], entry["arguments"], entry["ok"], entry["text"]) for _, entry in uses],
        before=sum(n < start for n, _ in uses),
    )


def is_greeted(entries: Sequence[Entry], start: int) -> bool:
    """Whether the agent's own first words are to be said anew."""
    return start == 0 and bool(entries) and entries[0]["role"] == AGENT


def asked(entries: Sequence[Entry], start: int) -> list[Entry]:
    """What the caller says, to be answered anew."""
    return [entry for entry in entries[start:] if entry["role"] == CALLER]
