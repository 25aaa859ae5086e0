"""What a model is given of a call: its words as data, a line each."""

from collections.abc import Iterable

from agents.llm.request import Message, Request
from calls.models import Call, Turn

LONGEST_TRANSCRIPT = 40_000  # characters; of a longer one its beginning and its end are read


def transcript(turns: Iterable[Turn], *, numbered: bool = False) -> str:
    """Who said what, a line each; empty if the caller said nothing. No text can end it before its end.

    `numbered`: each line begins with the number of its turn, "#4 ".
    """
    lines, heard = [], False
    for turn in turns:
        text = " ".join(turn.text.split()).replace("<", "‹")
        match turn.role:
            case Turn.Role.TOOL:
                line = f"[{turn.tool_name}: {'done' if turn.tool_ok else 'failed'}]"
            case Turn.Role.CALLER:
                heard = heard or bool(text)
                line = f"Caller: {text}"
            case _:
                line = f"Agent: {text}"
        lines.append(f"#{turn.n} {line}" if numbered else line)
    told = "\n".join(lines)
    if len(told) > LONGEST_TRANSCRIPT:
        quarter = LONGEST_TRANSCRIPT // 4
        told = f"{told[:quarter]}\n[…]\n{told[-3 * quarter :]}"
    return told if heard else ""


def request(
    call: Call, feature: str, system: str, words: str, *, max_tokens: int, turn: str = "", capped: bool = True
) -> Request:
    """`turn`: what the spend is found again by. `capped`: held to what all of a call may cost."""
    return Request(
        workspace_id=call.workspace_id,
        feature=feature,
        system=system,
        messages=[Message("user", f"<transcript>\n{words}\n</transcript>")],
        temperature=0.0,
        max_tokens=max_tokens,
        agent_id=call.agent_id,
        call_id=call.pk,
        trace_id=call.trace_id,
        turn=turn,
        call_cap_usd=call.agent.call_cap_usd if call.agent and capped else None,
    )
