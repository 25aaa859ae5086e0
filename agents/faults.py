"""What is wrong with an agent as somebody writes it, said where they can mend it."""

from dataclasses import dataclass

# Of the editor; each field of a version belongs to one.
PROMPT, VOICE, MODEL, TOOLS, ESCALATION = "prompt", "voice", "model", "tools", "escalation"


@dataclass(frozen=True, slots=True)
class Fault:
    section: str
    field: str  # of the version
    message: str  # what is wrong and what to do, for people
    line: int | None = None  # of the field's text, from 1
    blocks: bool = True  # False: worth knowing, and no reason not to publish
