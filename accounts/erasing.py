"""Calls that go for good: every room hears of it, and lets go of what it has of them.

Whoever removes calls (`calls/privacy/removing.py`) sends `calls_erased` within its transaction, the calls'
rows locked and still there. A receiver answers how much it let go of, by name: `{"webhook bodies": 3}`. What
is in no database, it removes before it answers: done a second time after a failure, that changes nothing.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.dispatch import Signal

calls_erased = Signal()  # going: Going
# A caller is erased of whom there may be traces that belong to no call. Sent outside of any transaction: who
# has much to look through does so in pieces. caller: Caller.
caller_erased = Signal()


@dataclass(frozen=True, slots=True)
class Going:
    """Calls of one workspace that are being removed."""

    workspace_id: UUID
    calls: tuple[UUID, ...]
    at_platform: tuple[tuple[str, str], ...]  # of each: platform, and its id there


@dataclass(frozen=True, slots=True)
class Caller:
    """A number, for as long as what is written of it is looked for; never to be kept."""

    workspace_id: UUID
    digits: str


def tell(signal: Signal, **told: Going | Caller) -> Counter[str]:
    """Send it, and add up what each room let go of. A room that fails stops it all: it is tried again."""
    answers: Any = signal.send(sender=None, **told)
    return sum((Counter(answer) for _, answer in answers), Counter())
