"""One call's rules, followed as its happenings come in: in any order, some of them late, some twice."""

from collections.abc import Iterable

from agents.rules import fold
from agents.rules.fold import Firing, State
from agents.rules.form import Rule
from agents.rules.happenings import Facts, Happening, Tick, order


class Follow:
    """Late news is taken in at its own time, by folding again. Live and past calls are followed by this."""

    def __init__(self, rules: tuple[Rule, ...], facts: Facts) -> None:
        self._first = fold.begin(rules, facts)
        self._known: set[Happening] = set()
        self._start()

    def _start(self) -> None:
        self._state: State = self._first
        self._last: tuple = ()
        self._fired: list[Firing] = []

    @property
    def facts(self) -> Facts:
        return self._first.facts

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self._first.rules

    def take(self, happenings: Iterable[Happening]) -> None:
        fresh = sorted({one for one in happenings if one not in self._known}, key=order)
        if not fresh:
            return
        self._known.update(fresh)
        if self._last and order(fresh[0]) < self._last:
            self._start()
            fresh = sorted(self._known, key=order)
        self._state, fired = fold.run(self._state, fresh)
        self._fired += fired
        self._last = order(fresh[-1])

    def firings(self, until_ms: int) -> list[Firing]:
        """All so far, given that what happened until then is known. By time; of the same moment in the order
        of the rules."""
        _, due = fold.step(self._state, Tick(until_ms))
        return [*self._fired, *due]
