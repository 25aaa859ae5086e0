"""Where a reader stands: in one topic, or in several at once. Text that clients hand back unread.

One topic: `<epoch>-<ms>-<seq>`, or `<epoch>-end` once it is finished. The epoch changes whenever the log may
have lost something, because a number alone would lie after that: the same id could then mean different words.

Several topics on one connection share one `id:` line, `~<base>.<key><offset>…`: per topic a key of six
characters that stands for its name *and* epoch, and how far it is past `base` in hexadecimal milliseconds.
The order does not matter and topics may be added or left out, so a page that opens one more call resumes all
the others exactly.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2s

Id = tuple[int, int]  # milliseconds of Redis' clock, number within the millisecond

LONGEST = 1000  # characters; twenty-one topics need about 400
MOST_TOGETHER = 32  # positions of one reader; a page has one for each topic at most
_ONE = re.compile(r"([0-9a-z]{1,16})-(?:(\d{1,15})-(\d{1,15})|end)")
_BASE = re.compile(r"[0-9a-f]{1,13}")
_PLACE = re.compile(r"([A-Za-z0-9_-]{6})(?:([0-9a-f]{1,13})(?:,([0-9a-f]{1,13}))?|(!))")


class BadPosition(ValueError):
    """This text was never a position of ours."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in one topic: everything up to and including `id` has been seen."""

    epoch: str
    id: Id = (0, 0)
    end: bool = False

    def __str__(self) -> str:
        return f"{self.epoch}-end" if self.end else f"{self.epoch}-{self.id[0]}-{self.id[1]}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        found = _ONE.fullmatch(text)
        if not found:
            raise BadPosition(f"not a position: {text[:60]!r}")
        epoch, ms, seq = found.groups()
        return cls(epoch, end=True) if ms is None else cls(epoch, (int(ms), int(seq)))


# No log ever has these epochs. Whoever resumes from NOWHERE is told to start again. UNSEEN is for one of
# several topics: the reader was cut off before it was told of it, and has nothing to forget.
NOWHERE = Position("0")
UNSEEN = Position("-")


@lru_cache(maxsize=8192)
def _key(topic: str, epoch: str) -> str:
    return urlsafe_b64encode(blake2s(f"{epoch} {topic}".encode(), digest_size=6).digest()).decode()[:6]


def place(topic: str, position: Position, base: int) -> str:
    """One topic's part of a common position; `base` is in milliseconds and not after the position."""
    if position.end:
        # The epoch may be gone by the time this comes back; that the topic is over stays true.
        return _key(topic, "end") + "!"
    ms, seq = position.id
    if not ms:
        return _key(topic, position.epoch) + "0"
    offset = f"{_key(topic, position.epoch)}{ms - base + 1:x}"
    return f"{offset},{seq:x}" if seq else offset


def common(base: int, places: Iterable[str]) -> str:
    return f"~{base:x}." + ".".join(places)


def join(positions: Mapping[str, Position]) -> str:
    """The position of a reader of several topics, for `?after=` of a page drawn now."""
    base = min((p.id[0] for p in positions.values() if p.id[0]), default=0)
    return common(base, (place(topic, position, base) for topic, position in positions.items()))


@dataclass(frozen=True, slots=True)
class Cursor:
    """What a client handed back: ask it about each topic, with the epoch the topic has now."""

    one: Position | None = None
    base: int = 0
    places: Mapping[str, tuple[int, int] | None] | None = None  # key → id, None at the end
    ones: Mapping[str, Position] = field(default_factory=dict)  # by epoch, which no two topics share

    @classmethod
    def merged(cls, texts: Sequence[str]) -> "Cursor":
        """Of a reader who followed these topics on several connections and goes on with one. Raises
        BadPosition."""
        if len(texts) > MOST_TOGETHER:
            raise BadPosition("too many positions")
        cursors = [cls.parse(text) for text in texts]
        if len(cursors) == 1:
            return cursors[0]
        places = {key: id for cursor in cursors for key, id in (cursor.places or {}).items()}
        return cls(places=places, ones={cursor.one.epoch: cursor.one for cursor in cursors if cursor.one})

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Raises BadPosition for anything that is not ours."""
        if len(text) > LONGEST:
            raise BadPosition("too long for a position")
        if not text.startswith("~"):
            return cls(one=Position.parse(text))
        head, *rest = text[1:].split(".")
        places: dict[str, Id | None] = {}
        if not _BASE.fullmatch(head):
            raise BadPosition(f"not a position: {text[:60]!r}")
        base = int(head, 16)
        for part in rest:
            found = _PLACE.fullmatch(part)
            if not found:
                raise BadPosition(f"not a position: {text[:60]!r}")
            key, offset, seq, end = found.groups()
            if end:
                places[key] = None
            else:
                ms = int(offset, 16)
                places[key] = (base + ms - 1, int(seq or "0", 16)) if ms else (0, 0)
        return cls(base=base, places=places)

    def of(self, topic: str, epoch: str) -> Position | None:
        """Where this reader stands in the topic. None: unknown; it may have seen another epoch of it."""
        if self.places is None:
            return self.one
        if epoch in self.ones:
            return self.ones[epoch]
        if _key(topic, UNSEEN.epoch) in self.places:
            return UNSEEN
        if _key(topic, "end") in self.places:
            return Position(epoch, end=True)
        id = self.places.get(_key(topic, epoch))
        return None if id is None else Position(epoch, id)

    def at_end(self, topic: str) -> bool:
        """Whether this reader has read the finished topic to its end. True for ever, whatever its epoch is
        now."""
        if self.places is None:
            return bool(self.one and self.one.end)
        return _key(topic, "end") in self.places
