"""What goes wrong on a webhook's way, at a set rate: the same for the same seed."""

import random
from dataclasses import dataclass

# Human seconds.
AGAIN_AFTER = (0.2, 8.0)
LATE_BY = (12.0, 60.0)
BEHIND = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one delivery, besides being delivered. Times in human seconds."""

    again_after: float | None = None  # the same body is delivered once more
    behind: int = 0  # it lets so many later ones of its call go first
    late_by: float = 0.0
    lost: bool = False  # being late, its first attempt never left; else that one's answer goes unheard


@dataclass(frozen=True, slots=True)
class Mishaps:
    """Shares of all deliveries, 0 to 1, of those that …"""

    duplicates: float = 0.0  # … come once more, at once or a little later
    reorder: float = 0.0  # … come behind the next ones
    late: float = 0.0  # … come much later than they should, or come then again

    def fate(self, seed: int, call: int, event: str, nth: int) -> Fate:
        """Of the nth event of this name in a call, by the call's number."""
        chance = random.Random(f"{seed}:{call}:{event}:{nth}:webhook")
        # All are drawn whatever the shares are: to change one leaves the others as they were.
        repeats, waits, late = (
            chance.random() < share for share in (self.duplicates, self.reorder, self.late)
        )
        at_once, behind, lost = chance.random() < 0.5, chance.choice(BEHIND), chance.random() < 0.5
        again_after, late_by = chance.uniform(*AGAIN_AFTER), chance.uniform(*LATE_BY)
        return Fate(
            again_after=(0.0 if at_once else again_after) if repeats else None,
            behind=behind if waits and not late else 0,
            late_by=late_by if late else 0.0,
            lost=late and lost,
        )
