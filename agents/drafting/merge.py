"""Three-way merge: what two people made of the same thing, made one. Pure.

Wherever both changed the same place in two ways, the later one (`mine`) is kept and a conflict is told.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise, takewhile
from operator import eq
from typing import Any

from agents.drafting.content import TEXTS

# Lines of one text times those of the other, where they begin to differ until they end to: comparing them may
# take the third power of one. More are all other lines.
MOST_COMPARED = 250 * 250


@dataclass(frozen=True, slots=True)
class Merged:
    value: Any
    conflict: bool = False


def field(name: str, base: Any, mine: Any, theirs: Any) -> Merged:
    """One field of a draft: texts by lines, lists and tables by entry, anything else as a whole."""
    if mine == theirs or theirs == base:
        return Merged(mine)
    if mine == base:
        return Merged(theirs)
    merge = text if name in TEXTS else BY_ENTRY.get(name)
    return merge(base, mine, theirs) if merge else Merged(mine, conflict=True)


# --- Texts ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edit:
    """`lines` in place of those from `start` to before `end`."""

    start: int
    end: int
    lines: tuple[str, ...]


def text(base: str, mine: str, theirs: str) -> Merged:
    """By lines. What is next to each other without overlapping is no conflict."""
    before, ours, others = (one.split("\n") for one in (base, mine, theirs))
    merged: list[str] = []
    conflict, at = False, 0
    for our_edits, other_edits in _together(edits(before, ours), edits(before, others)):
        together = our_edits + other_edits
        start, end = min(one.start for one in together), max(one.end for one in together)
        merged += before[at:start]
        at = end
        versions = [_applied(before, start, end, some) for some in (our_edits, other_edits) if some]
        conflict |= len(versions) == 2 and versions[0] != versions[1]
        merged += versions[0]
    return Merged("\n".join(merged + before[at:]), conflict)


def edits(before: Sequence[str], after: Sequence[str]) -> list[Edit]:
    """What makes one of the other, from the first line to the last."""
    head = _alike(before, after)
    tail = _alike(before[head:][::-1], after[head:][::-1])
    was, now = before[head : len(before) - tail], after[head : len(after) - tail]
    if len(was) * len(now) > MOST_COMPARED:
        return [Edit(head, head + len(was), tuple(now))]
    changes = SequenceMatcher(None, was, now, autojunk=False).get_opcodes()
    return [Edit(head + a, head + b, tuple(now[c:d])) for tag, a, b, c, d in changes if tag != "equal"]


def _alike(before: Sequence[str], after: Sequence[str]) -> int:
    """How many lines they have in common before the first that differs."""
    return sum(1 for _ in takewhile(bool, map(eq, before, after)))


def _together(ours: list[Edit], others: list[Edit]) -> Iterator[tuple[list[Edit], list[Edit]]]:
    """Edits that touch the same place, side by side; each of the others alone."""
    waiting = sorted(
        [(edit, 0) for edit in ours] + [(edit, 1) for edit in others],
        key=lambda one: (one[0].start, one[0].end),
    )
    group: tuple[list[Edit], list[Edit]] = ([], [])
    start = end = -1
    for edit, whose in waiting:
        if any(group) and not _touches(edit, start, end):
            yield group
            group = ([], [])
        if not any(group):
            start = end = edit.start
        group[whose].append(edit)
        end = max(end, edit.end)
    if any(group):
        yield group


def _touches(edit: Edit, start: int, end: int) -> bool:
    # What is put in where the other's change begins or ends may belong before it or after it.
    return edit.start < end or (edit.start == end and (edit.start == edit.end or start == end))


def _applied(before: Sequence[str], start: int, end: int, some: Sequence[Edit]) -> list[str]:
    made, at = [], start
    for edit in some:
        made += [*before[at : edit.start], *edit.lines]
        at = edit.end
    return made + list(before[at:end])


# --- Lists and tables -----------------------------------------------------------------------------------


def entries(base: Mapping, mine: Mapping, theirs: Mapping) -> tuple[dict, bool]:
    """By key, in the order of whoever changed it, else of both. The second: whether there is a conflict."""
    conflict, kept = False, {}
    absent = object()
    for key in _order(list(base), list(mine), list(theirs)):
        was, ours, others = (one.get(key, absent) for one in (base, mine, theirs))
        conflict |= ours != others and was not in (ours, others)
        value = others if ours == was else ours
        if value is not absent:
            kept[key] = value
    return kept, conflict


def _order(base: list, mine: list, theirs: list) -> list:
    """Every key of mine and theirs. What one side added comes after what it stands behind there."""
    moved = [key for key in mine if key in base] != [key for key in base if key in mine]
    order, other = (list(mine), theirs) if moved else (list(theirs), mine)
    for before, key in pairwise([None, *other]):
        if key not in order:
            order.insert(order.index(before) + 1 if before in order else 0, key)
    return order


def _by(key: Callable[[Any], Hashable]) -> Callable[[list, list, list], Merged]:
    def merge(base: list, mine: list, theirs: list) -> Merged:
        kept, conflict = entries(*(_numbered(some, key) for some in (base, mine, theirs)))
        return Merged(list(kept.values()), conflict)

    return merge


def _numbered(some: list, key: Callable[[Any], Hashable]) -> dict[Hashable, Any]:
    """By key, and where several have the same, by which of them it is: none may be lost."""
    seen: Counter[Hashable] = Counter()
    table: dict[Hashable, Any] = {}
    for entry in some:
        name = key(entry)
        table[name, seen[name]] = entry
        seen[name] += 1
    return table


def _table(base: dict, mine: dict, theirs: dict) -> Merged:
    return Merged(*entries(base, mine, theirs))


BY_ENTRY: dict[str, Callable[[Any, Any, Any], Merged]] = {
    "chain": _by(str),
    "tools": _by(str),
    "rules": _by(lambda rule: str(rule.get("id"))),
    "variables": _table,
}
