"""Which part of a file is asked for (RFC 9110, 13 and 14)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes from `first` to `last`, which is one of them. Of an empty file, `last` is before `first`."""

    first: int
    last: int
    whole: bool

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def part_of(size: int, headers: Mapping[str, str], etag: str) -> Part | None:
    """What to answer with: a part, or all if no part is asked for in a way we know. None: there is no such
    part, which is 416. Several parts at once are answered with all."""
    whole = Part(0, size - 1, whole=True)
    asked = _RANGE.fullmatch(headers.get("range", "").strip())
    # Only if it has not changed since: dates are too coarse to say so, and count as changed.
    if asked is None or headers.get("if-range", etag) != etag or asked[0] == "bytes=-":
        return whole
    first, last = asked[1], asked[2]
    if not first:
        length = min(int(last), size)
        return Part(size - length, size - 1, whole=False) if length else None
    if last and int(last) < int(first):
        return whole  # a range that is none is no range
    if int(first) >= size:
        return None
    return Part(int(first), min(int(last), size - 1) if last else size - 1, whole=False)


def is_known(headers: Mapping[str, str], etag: str) -> bool:
    """Whether the browser has it already."""
    told = headers.get("if-none-match", "")
    return told.strip() == "*" or etag in {one.strip().removeprefix("W/") for one in told.split(",")}
