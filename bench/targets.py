"""What was wanted and what came out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """At `most` so much. `value` is None where a peer is missing on this machine."""

    what: str
    value: float | None
    most: float
    unit: str

    @property
    def met(self) -> bool | None:
        return None if self.value is None else self.value <= self.most

    def __str__(self) -> str:
        verdict = {True: "met", False: "MISSED", None: "not measured here"}[self.met]
        value = "–" if self.value is None else f"{self.value:.2f} {self.unit}"
        return f"  {self.what:<64} {f'≤ {self.most:g} {self.unit}':>12} {value:>12}   {verdict}"

    @staticmethod
    def table(targets: Iterable["Target"]) -> Iterator[str]:
        lines = [str(target) for target in targets]
        if lines:
            yield f"\n{'targets':<66} {'target':>12} {'measured':>12}"
            yield from lines
