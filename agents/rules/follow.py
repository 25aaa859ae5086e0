"""One call's rules, followed as its happenings come in: in any order, some of them late, some twice."""

from bisect import bisect_left
from collections.abc import Iterable

from agents.rules import fold
from agents.rules.fold import Firing, State
from agents.rules.form import Rule
from agents.rules.happenings import Facts, Happening, Tick, order

EVERY = 16  # happenings, after which it is remembered how things stood


class Follow:
    """Late news is taken in at its own time, by folding again what comes after it. Live and past calls are
    followed by this."""

    def __init__(self, rules: tuple[Rule, ...], facts: Facts) -> None:
        self._state = fold.begin(rules, facts)
        self._known: set[Happening] = set()
        self._folded: list[Happening] = []  # in order
        self._fired: list[Firing] = []
        # How things stood after every sixteenth happening, and how many firings there were.
        self._stood: list[tuple[State, int]] = [(self._state, 0)]

    @property
    def facts(self) -> Facts:
        return self._state.facts

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self._state.rules

    def take(self, happenings: Iterable[Happening]) -> None:
        fresh = {one for one in happenings if one not in self._known}
        if not fresh:
            return
        self._known |= fresh
        for happening in sorted([*self._go_back(min(map(order, fresh))), *fresh], key=order):
            self._state, fired = fold.step(self._state, happening)
            self._fired += fired
            self._folded.append(happening)
            if len(self._folded) % EVERY == 0:
                self._stood.append((self._state, len(self._fired)))

    def _go_back(self, place: tuple) -> list[Happening]:
        """Be where things stood before `place`; what was folded since then is to be folded again."""
        at = bisect_left(self._folded, place, key=order)
        if at == len(self._folded):
            return []
        stood = at // EVERY
        self._state, fired = self._stood[stood]
        again = self._folded[stood * EVERY :]
        del self._stood[stood + 1 :], self._folded[stood * EVERY :], self._fired[fired:]
        return again

    def firings(self, until_ms: int) -> list[Firing]:
        """All so far, given that what happened until then is known. By time; of the same moment in the order
        of the rules."""
        _, due = fold.step(self._state, Tick(until_ms))
        return [*self._fired, *due]
