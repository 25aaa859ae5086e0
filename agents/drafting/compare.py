"""What differs between two things an agent may be told, as plain values. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agents.drafting.content import SECTIONS, TEXTS, Content
from agents.drafting.merge import edits

Line = tuple[str, str]  # "+", "-" or " ", and its text


@dataclass(frozen=True, slots=True)
class Change:
    section: str
    field: str
    before: Any
    after: Any
    lines: Sequence[Line] = ()  # of a text: all of both, in order


def difference(before: Content, after: Content) -> list[Change]:
    """The fields that are not the same in both, by section."""
    return [
        Change(section, name, before[name], after[name], _lines(name, before[name], after[name]))
        for name, section in SECTIONS.items()
        if before[name] != after[name]
    ]


def _lines(name: str, before: str, after: str) -> Sequence[Line]:
    if name not in TEXTS:
        return ()
    was, now = before.split("\n") if before else [], after.split("\n") if after else []
    told: list[Line] = []
    at = 0
    for edit in edits(was, now):
        told += [(" ", line) for line in was[at : edit.start]]
        told += [("-", line) for line in was[edit.start : edit.end]]
        told += [("+", line) for line in edit.lines]
        at = edit.end
    return told + [(" ", line) for line in was[at:]]
