"""What a model is told of a call: its instructions, what was really said and heard, what tools answered."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.llm.events import ToolCall
from agents.llm.request import Message
from calls.models import Turn
from platforms.retell.transcript import Utterance

SILENCE = "(The caller has said nothing for a while.)"
NOTHING_YET = "(The caller has not said anything yet.)"


@dataclass(frozen=True, slots=True)
class Used:
    """A tool that was used, and when: after so many utterances of the caller."""

    after: int
    call: ToolCall
    result: str


def messages(transcript: Sequence[Utterance], used: Sequence[Used], *, reminder: bool) -> list[Message]:
    """The conversation as the model sees it: what the caller heard of each answer, not all it once said."""
    told: list[Message] = []
    heard = 0
    told += _tools(used, heard)
    for utterance in transcript:
        if utterance.role == "caller":
            heard += 1
            told.append(Message("user", utterance.text))
            told += _tools(used, heard)
        else:
            told.append(Message("assistant", utterance.text))
    if reminder:
        told.append(Message("user", SILENCE))
    elif not told or told[-1].role == "assistant":
        told.append(Message("user", NOTHING_YET if not heard else SILENCE))
    return told


def _tools(used: Sequence[Used], after: int) -> list[Message]:
    told = []
    for one in used:
        if one.after == after:
            told.append(Message("assistant", tool_calls=(one.call,)))
            told.append(Message("tool", one.result, tool_call_id=one.call.id))
    return told


def used_before(turns: Sequence[Turn]) -> list[Used]:
    """The tools a call has used so far, from its record: for whoever takes it over."""
    used, heard = [], 0
    for turn in sorted(turns, key=lambda turn: turn.n):
        if turn.role == Turn.Role.CALLER:
            heard += 1
        elif turn.role == Turn.Role.TOOL and turn.tool_ok is not None:
            call = ToolCall(turn.key, turn.tool_name, turn.tool_arguments or {})
            used.append(Used(heard, call, turn.text))
    return used
