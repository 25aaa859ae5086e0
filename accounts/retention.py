"""How long a workspace keeps what, and who removes it: each room says what it can.

A room registers for a part when it starts (`AppConfig.ready`): how many rows are too old, and a function that
removes some of them, oldest first, in one short transaction. Several rooms may register for the same part.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

LONGEST_DAYS = 3_650


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is kept for a time of its own."""

    name: str
    label: str
    hint: str
    # What of it there is, one and many: "recording", "recordings".
    one: str
    many: str
    least_days: int = 1


PARTS = (
    Part("recordings", "Recordings", "The sound. What was said stays to be read.", "recording", "recordings"),
    Part(
        "words",
        "What was said",
        "Turns, summaries and what search knows of them. Times, outcomes and scores stay.",
        "transcript",
        "transcripts",
    ),
    Part("numbers", "Phone numbers", "Of both sides, and of transfers.", "number", "numbers"),
    Part("notes", "Notes", "What people wrote about calls.", "note", "notes"),
    Part("calls", "Whole calls", "With all that belongs to them.", "call", "calls"),
    Part(
        "playground",
        "Playground conversations",
        "What agents were tried out with.",
        "playground conversation",
        "playground conversations",
    ),
    Part(
        "deliveries",
        "Webhook bodies",
        "As platforms sent them. A body goes with the words or the numbers of its call, too.",
        "webhook body",
        "webhook bodies",
    ),
    Part(
        "model_calls",
        "Model calls",
        "What each attempt took and cost. Budgets need the last 31 days.",
        "model call",
        "model calls",
        least_days=32,
    ),
    Part("browser_reports", "Browser reports", "What went wrong in pages.", "report", "reports"),
)
BY_NAME = {part.name: part for part in PARTS}


@dataclass(frozen=True, slots=True)
class Remover:
    """What a room can remove of a part. `before`: what is older is too old."""

    count: Callable[[UUID, datetime], int]
    # (workspace, before, most) → how many went; 0: there are no more.
    remove: Callable[[UUID, datetime, int], int]


_removers: dict[str, list[Remover]] = {part.name: [] for part in PARTS}


def register(part: str, remover: Remover) -> None:
    """Have `remover` asked whenever something of `part` is too old."""
    _removers[part].append(remover)


def removers(part: str) -> tuple[Remover, ...]:
    return tuple(_removers[part])
