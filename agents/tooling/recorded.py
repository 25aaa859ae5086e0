"""Tools that answer from a recording: where a conversation is gone through again, nobody outside is asked.

Pure. Which answer is taken depends only on what was asked before, so it is the same however often it is
gone through.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agents.llm.tools import ToolResult


@dataclass(frozen=True, slots=True)
class Recorded:
    """One use of a tool, as it was."""

    name: str
    arguments: Mapping[str, Any] | None
    ok: bool
    text: str


class Recording:
    """What a conversation's tools answered, in their order. What was `before` has been heard already."""

    def __init__(self, uses: Iterable[Recorded], before: int = 0) -> None:
        self._uses = tuple(uses)
        self._heard = set(range(before))

    def answer(self, name: str, arguments: Mapping[str, Any] | None) -> ToolResult:
        """What the tool answers: as it did to these arguments, else what it answered next. A question that
        is asked again has the same answer again."""
        named = [n for n, use in enumerate(self._uses) if use.name == name]
        same = [n for n in named if (self._uses[n].arguments or {}) == (arguments or {})]
        found = next((n for n in same or named if n not in self._heard), same[-1] if same else None)
        if found is None:
            return ToolResult(False, f"The recording has no answer of {name} to this.", 0)
        self._heard.add(found)
        use = self._uses[found]
        return ToolResult(use.ok, use.text, 0)
