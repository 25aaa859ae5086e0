"""Numbers that calls are narrowed by: `>2m`, `>=30s`, `<0.50`, `1m..5m`, or one alone."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

UNITS = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_TIME = re.compile(r"(?:\d{1,9}(?:\.\d{1,3})?(?:ms|h|m|s))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_DECIMAL = re.compile(r"\d{1,6}(\.\d{1,6})?")
MOST_MS = 2**31 - 1
_COMPARED = re.compile(r"(>=|<=|>|<)\s*(.+)")


@dataclass(frozen=True, slots=True)
class Range:
    """From `least` to `most`, which are in it or not; None: no bound."""

    least: Any = None
    most: Any = None
    with_least: bool = True
    with_most: bool = True

    def lookups(self, column: str) -> dict[str, Any]:
        found = {}
        if self.least is not None:
            found[f"{column}__gte" if self.with_least else f"{column}__gt"] = self.least
        if self.most is not None:
            found[f"{column}__lte" if self.with_most else f"{column}__lt"] = self.most
        return found

    def written(self, one: Callable[[Any], str]) -> str:
        if self.least is None or self.most is None:
            sign = ">" if self.most is None else "<"
            equal = "=" if (self.with_least if self.most is None else self.with_most) else ""
            return f"{sign}{equal}{one(self.most if self.least is None else self.least)}"
        return one(self.least) if self.least == self.most else f"{one(self.least)}..{one(self.most)}"

    def told(self, one: Callable[[Any], str]) -> str:
        """In words: "over 2 min"."""
        if self.most is None:
            return f"{'at least' if self.with_least else 'over'} {one(self.least)}"
        if self.least is None:
            return f"{'at most' if self.with_most else 'under'} {one(self.most)}"
        return one(self.least) if self.least == self.most else f"{one(self.least)} to {one(self.most)}"


def read(text: str, one: Callable[[str], Any]) -> Range:
    """`one` reads a number, and raises ValueError in words for people."""
    if match := _COMPARED.fullmatch(text):
        sign, value = match[1], one(match[2])
        if sign.startswith(">"):
            return Range(least=value, with_least=sign == ">=")
        return Range(most=value, with_most=sign == "<=")
    least, dots, most = text.partition("..")
    if not dots:
        value = one(text)
        return Range(value, value)
    found = Range(one(least), one(most))
    if found.least > found.most:
        raise ValueError("the smaller number comes first: 1..5")
    return found


def milliseconds(text: str) -> int:
    """`90s`, `1m30s`, `1.5s`, `800ms`; a number alone is seconds."""
    text = text.strip().lower()
    text = f"{text}s" if _DECIMAL.fullmatch(text) else text
    ms = Decimal(-1)
    if _TIME.fullmatch(text):
        ms = sum((Decimal(number) * UNITS[unit] for number, unit in _PART.findall(text)), Decimal(0))
    if not 0 <= ms <= MOST_MS:
        raise ValueError("compare with a time: >2m, <=30s, 1m..5m, <800ms")
    return int(ms)


def as_time(ms: int) -> str:
    """What `milliseconds` reads as this."""
    if ms:
        for unit in ("h", "m", "s"):
            if ms % UNITS[unit] == 0:
                return f"{ms // UNITS[unit]}{unit}"
    return f"{ms}ms" if ms else "0s"


def in_words(ms: int) -> str:
    text = as_time(ms)
    for unit, word in (("ms", "ms"), ("h", "h"), ("m", "min"), ("s", "s")):
        if text.endswith(unit):
            return f"{text.removesuffix(unit)} {word}"
    return text


def usd(text: str) -> Decimal:
    text = text.strip().removeprefix("$")
    if not _DECIMAL.fullmatch(text):
        raise ValueError("compare with an amount of USD: <0.50, >=1, 0.10..0.20")
    return Decimal(text).normalize() + 0


def as_usd(amount: Decimal) -> str:
    return f"{amount:f}"


def points(text: str) -> int:
    text = text.strip()
    if not re.fullmatch(r"[0-9]{1,3}", text) or int(text) > 100:
        raise ValueError("compare with a score from 0 to 100: <70, >=90, 50..70")
    return int(text)
