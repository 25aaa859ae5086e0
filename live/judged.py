"""How a model says itself that a person is needed: a tool, offered where a rule waits for it.

Using it is all there is to it: the call's record has it then, and the rule fires on that.
"""

from typing import Any

from agents.llm.request import ToolSpec
from agents.registry import ToolContext
from agents.rules import happenings

ESCALATE = ToolSpec(
    happenings.ESCALATE,
    "Tell your team that this call needs a person: the caller is in danger or distress, you cannot help, or "
    "something is going wrong. Go on talking to the caller meanwhile.",
    {
        "type": "object",
        "properties": {"reason": {"type": "string", "description": "Why, in one sentence."}},
        "required": ["reason"],
    },
)


async def escalate(call: ToolContext, arguments: dict[str, Any]) -> str:
    return "Noted. Your team sees it. Go on with the caller, and promise nothing about when somebody comes."
