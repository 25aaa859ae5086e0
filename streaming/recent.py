"""The last entries of one topic, in this process: what most readers resume from. Pure."""

from bisect import bisect_right
from enum import Enum

from streaming.entries import Item, News
from streaming.positions import Id, Position

MOST_ITEMS, MOST_BYTES = 1024, 128 << 10


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
        if len(self.items) > 2 * MOST_ITEMS or self._bytes > 2 * MOST_BYTES:
            self._trim()

    def _trim(self) -> None:
        # Half of it at once, so that the cost is spread over many entries.
        drop, freed = 0, 0
        while drop < len(self.items) - 1 and (
            len(self.items) - drop > MOST_ITEMS or self._bytes - freed > MOST_BYTES
        ):
            freed += len(self.items[drop].data)
            drop += 1
        self.floor = self.items[drop - 1].id
        del self.items[:drop]
        self._bytes -= freed
