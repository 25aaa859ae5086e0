"""The last entries of one topic, in this process: what most readers resume from. Pure."""

from bisect import bisect_right
from enum import Enum

from streaming.entries import Item, News, newest
from streaming.positions import Id, Position

MOST_ITEMS, MOST_BYTES = 1024, 128 << 10
# Of nothing but whole pictures the newest of each are kept, so that a board is not rolled over in a second.
MOST_PICTURES, MOST_PICTURE_BYTES = 4096, 4 << 20


class Doubt(Enum):
    """Why news could not simply be added."""

    GAP = "something between is missing"
    RENEWED = "the log began a new epoch"


class Recent:
    """Everything after `floor`, up to and including `last`."""

    def __init__(self, position: Position, items: list[Item], floor: Id | None = None) -> None:
        self.epoch = position.epoch
        self.last = position.id
        self.floor = position.id if floor is None else floor
        self.items: list[Item] = []
        self._bytes = 0
        self._room = (2 * MOST_ITEMS, 2 * MOST_BYTES)
        self._add(items)

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.last)

    def take(self, news: News) -> list[Item] | Doubt:
        """Add what is new and say what it was, or say why that cannot be known."""
        if news.epoch != self.epoch:
            return Doubt.RENEWED
        if news.before > self.last:
            return Doubt.GAP
        fresh = (
            news.items if news.before == self.last else [item for item in news.items if item.id > self.last]
        )
        self._add(fresh)
        return fresh

    def since(self, position: Position) -> list[Item] | None:
        """What follows `position`; None if that is not known here."""
        if position.epoch != self.epoch or not self.floor <= position.id <= self.last:
            return None
        if position.id == self.last:
            return []
        return self.items[bisect_right(self.items, position.id, key=lambda item: item.id) :]

    def _add(self, items: list[Item]) -> None:
        if not items:
            return
        self.items += items
        self.last = max(self.last, items[-1].id)
        self._bytes += sum(len(item.data) for item in items)
        if len(self.items) > self._room[0] or self._bytes > self._room[1]:
            self._trim()

    def _trim(self) -> None:
        # Superseded pictures nobody needs; then the oldest go, and with them what is complete.
        items = newest(self.items)
        pictures = all(item.whole for item in items)
        most, most_bytes = (MOST_PICTURES, MOST_PICTURE_BYTES) if pictures else (MOST_ITEMS, MOST_BYTES)
        size, drop = sum(len(item.data) for item in items), 0
        while drop < len(items) - 1 and (len(items) - drop > most or size > most_bytes):
            size -= len(items[drop].data)
            drop += 1
        if drop:
            self.floor = items[drop - 1].id
        self.items, self._bytes = items[drop:], size
        # Not before as much again has come, so that the cost is spread over many entries.
        self._room = (2 * max(MOST_ITEMS, len(self.items)), 2 * max(MOST_BYTES, size))
