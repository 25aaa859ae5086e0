"""`{{name}}` in what an agent is told: what it stands for, and putting that in. Pure.

What a name stands for is looked for in this order: what the platform says of this very call, what Earshot
fills itself, what the version says. Values are data: they are put in once and as they are, so a `{{name}}`
that comes within one stays as it was written.
"""

import re
from collections.abc import Mapping

VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_.-]{1,80})\s*\}\}")
NAME = re.compile(r"[A-Za-z0-9_.-]{1,80}")
LONGEST_VALUE = 1_000

MEMORY = "memory"  # what is known of the caller from earlier calls
COMPANY = "company_name"  # the workspace's name, unless the version says another
AGENT = "agent_name"  # likewise the agent's

Values = Mapping[str, object]


def fill(text: str, values: Values) -> str:
    """The text with its variables put in. A name nobody knows stays as it is."""

    def value(match: re.Match) -> str:
        known = values.get(match[1])
        return str(known)[:LONGEST_VALUE] if isinstance(known, str | int | float) else match[0]

    return VARIABLE.sub(value, text)


def asks_for(text: str, name: str = "") -> bool:
    """Whether a text has variables to fill, or that one."""
    return any(not name or found == name for found in VARIABLE.findall(text))


def standing(company: str, agent: str, variables: Mapping[str, str]) -> Values:
    """What names stand for in every call of an agent: what its version says, else what everybody knows."""
    return {COMPANY: company, AGENT: agent} | dict(variables)


def places(text: str) -> dict[str, int]:
    """The names a text asks for, each with the line where it first does, from 1."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        for name in VARIABLE.findall(line):
            found.setdefault(name, number)
    return found
