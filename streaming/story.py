"""What one reader is told of one topic to bring it up to date. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from streaming.entries import Entry, Item, encode
from streaming.positions import Position


@dataclass(slots=True)
class Story:
    """`record` has no positions (it is not from the log); `items` have. Told in that order, after a reset if
    one is due, it brings a reader to `position`.
    """

    position: Position
    items: list[Item] = field(default_factory=list)
    record: list[Item] = field(default_factory=list)
    reset: bool = False
    ended: bool = False
    start: Position | None = None  # where the reader stood, if what follows is the exact continuation

    @property
    def silent(self) -> bool:
        return not (self.items or self.record or self.reset)

    @property
    def over(self) -> bool:
        """Whether it tells the end of the topic."""
        return any(item.end for item in self.items)

    @property
    def final(self) -> bool:
        """Whether nothing follows: the topic is over, and the reader knew or is told so."""
        return self.ended or self.over

    def add(self, items: list[Item]) -> None:
        # A new list: the one we have may be told to others too.
        if items:
            self.items = self.items + items
            self.position = Position(self.position.epoch, items[-1].id)


def whole(position: Position, items: list[Item], record: Sequence[Entry] | None, *, ended: bool) -> Story:
    """The topic so far: the record, and from the log whatever it knows of; the log's picture is the newer
    one."""
    if any(entry.end for entry in record or ()) and not (items and items[-1].end):
        # The record is complete. The log was not yet when it was asked, or never will be.
        items, ended = [], True
    told = {item.group for item in items if item.group}
    beginning, last = [], None
    for entry in record or ():
        if entry.end:
            last = Item(position.id, encode(entry.part), "", "e")
        elif not entry.group or entry.group not in told:
            beginning.append(Item((0, 0), encode(entry.part), entry.group, entry.marks))
    if ended and not (items and items[-1].end):
        # The record knows that it is over, the log no longer does.
        items = [*items, last or Item(position.id, b'{"type":"finish"}', "", "e")]
    return Story(position, items, beginning, ended=ended or bool(items and items[-1].end))
