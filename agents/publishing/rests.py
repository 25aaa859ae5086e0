"""Not asking again too soon where it failed: each rest is twice as long as the one before."""

from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from agents.models import Agent

# The timetable's next round tries again, then every second one, every fourth, …
FIRST_S, LONGEST_S = 240, 7_200
COUNTED_S = 86_400


@dataclass(frozen=True, slots=True)
class Rest:
    """Of one thing that may fail, by its name."""

    name: str

    def is_on(self) -> bool:
        return bool(cache.get(self._resting))

    def failures(self) -> int:
        """In a row, until it is a day since the last."""
        found: Any = cache.get(self._failures, 0)
        return found

    def take(self) -> None:
        failures = self.failures()
        cache.set(self._failures, failures + 1, COUNTED_S)
        cache.set(self._resting, True, min(FIRST_S * 2 ** min(failures, 10), LONGEST_S))

    def end(self) -> None:
        """It went well, or there is a new reason to try at once."""
        cache.delete_many([self._resting, self._failures])

    @property
    def _resting(self) -> str:
        return f"publishing:rest:{self.name}"

    @property
    def _failures(self) -> str:
        return f"publishing:failures:{self.name}"


def rest_of(agent: Agent) -> Rest:
    """From putting it there."""
    return Rest(str(agent.pk))


def rest_of_account(agent: Agent) -> Rest:
    """From asking the platform's account that it is on, which others are on too."""
    return Rest(f"connection:{agent.connection_id}")
