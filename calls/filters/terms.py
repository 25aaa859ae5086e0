"""One filter of a list, as it is written."""

from dataclasses import dataclass

from calls.filters import grammar


@dataclass(frozen=True, slots=True)
class Term:
    """One filter: any of `wanted`, and none of `unwanted`, each as it is written."""

    name: str
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    @property
    def values(self) -> list[str]:
        """`a,b` and `!c`, for an address."""
        both = [grammar.written(self.wanted)] if self.wanted else []
        return both + ([grammar.written(self.unwanted, negated=True)] if self.unwanted else [])

    @property
    def typed(self) -> str:
        return " ".join(f"{self.name}:{value}" for value in self.values)
