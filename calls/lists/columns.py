"""What a list of calls can show of each, and in what order."""

from collections.abc import Iterable
from dataclasses import dataclass

MOST_WRITTEN = 200  # characters of an address's `columns`


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    label: str
    mark: str  # its class in history.css
    is_number: bool = False
    is_usual: bool = True  # shown unless somebody has chosen others


COLUMNS = {
    column.name: column
    for column in (
        Column("started", "Started", "c-when"),
        Column("caller", "Caller", "c-who"),
        Column("agent", "Agent", "c-agent"),
        Column("outcome", "Outcome", "c-out"),
        Column("duration", "Length", "c-dur", is_number=True),
        Column("latency", "Reply p95", "c-p95", is_number=True),
        Column("sentiment", "Mood", "c-mood"),
        Column("cost", "Cost", "c-cost", is_number=True),
        Column("turns", "Turns", "c-more", is_number=True, is_usual=False),
        Column("score", "Score", "c-more", is_number=True, is_usual=False),
        Column("tags", "Tags", "c-tags", is_usual=False),
        Column("platform", "Platform", "c-more", is_usual=False),
        Column("channel", "Channel", "c-more", is_usual=False),
    )
}
FIRST = "started"  # always there, and first: it is the row's link
USUAL = tuple(name for name, column in COLUMNS.items() if column.is_usual)


def read(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that there are, each once, the first always; the usual ones if it is none."""
    known = [name for name in dict.fromkeys(names) if name in COLUMNS and name != FIRST]
    return (FIRST, *known) if known else USUAL


def shown(names: Iterable[str]) -> list[Column]:
    return [COLUMNS[name] for name in names]


def offered(names: tuple[str, ...]) -> list[tuple[Column, bool]]:
    """All of them, and whether each is shown: those that are come first, in their order."""
    others = [name for name in COLUMNS if name not in names]
    return [(COLUMNS[name], name in names) for name in (*names, *others)]
