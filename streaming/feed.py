"""What everyone who watches the same set of topics gets: frames encoded once, bytes shared by all."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from streaming import positions, sse
from streaming.admission import Topic
from streaming.entries import Item, coalesce, decode, encode
from streaming.pipes import Chunk
from streaming.positions import NOWHERE, UNSEEN, Position
from streaming.story import Story

if TYPE_CHECKING:
    from streaming.connection import Connection

# For connections that are parked: what they missed, until they fall behind and read the log instead.
MOST_CHUNKS, MOST_BYTES = 1024, 256 << 10


class Stand:
    """Where a reader of these topics stands, as it becomes the `id:` of the next frame."""

    def __init__(self, names: Sequence[str], standing: Iterable[Position | None]) -> None:
        self._names = names
        self._at = list(standing)
        self._rebase()

    def _rebase(self) -> None:
        self._base = min((at.id[0] for at in self._at if at and at.id[0]), default=0)
        self._places = [
            positions.place(name, at or UNSEEN, self._base)
            for name, at in zip(self._names, self._at, strict=True)
        ]

    def move(self, index: int, position: Position) -> str:
        """Move on in one topic; answers the id that says so."""
        self._at[index] = position
        if len(self._names) == 1:
            return str(position)
        if (not position.end and position.id[0] < self._base) or not self._base:
            self._rebase()
        else:
            self._places[index] = positions.place(self._names[index], position, self._base)
        return str(self)

    def __str__(self) -> str:
        if len(self._names) == 1:
            return str(self._at[0] or NOWHERE)
        return positions.common(self._base, self._places)

    def cursor(self) -> positions.Cursor:
        return positions.Cursor.parse(str(self))


class Feed:
    """One distinct set of topics, its live connections, and what the parked ones have missed."""

    def __init__(self, key: tuple, topics: Sequence[Topic], standing: Sequence[Position]) -> None:
        self.key = key
        self.topics = topics
        self.names = [topic.name for topic in topics]
        self.stand = Stand(self.names, standing)
        # How each is written to. In the order they came: so they lie in memory, here and in the kernel.
        self._direct: dict[Connection, Callable[[bytes], object]] = {}
        self._stepped: dict[Connection, Callable[[Chunk], bool]] = {}  # says itself whether it still flows
        self.parked: dict[Connection, int] = {}  # the number of the first chunk each has not been given
        self.alone = len(topics) == 1
        self.collected: list[bytes] = []  # encoded, waiting for the tick of a feed of several topics
        self.timer: asyncio.TimerHandle | None = None
        self.due = 0.0
        self.pulse: Callable[[], bytes] | None = None  # due: goes out with the next chunk
        self._before = str(self.stand)  # where everyone stands who has not been given what is collected
        self._closing = [sse.tail(topic.tag) for topic in topics]
        self._missed: deque[bytes] = deque()
        self._first = 0
        self._bytes = 0

    @property
    def empty(self) -> bool:
        return not self._direct and not self._stepped and not self.parked

    @property
    def flowing(self) -> list["Connection"]:
        return [*self._direct, *self._stepped]

    def flows(self, connection: "Connection") -> bool:
        return connection in self._direct or connection in self._stepped

    # Encoding.

    def frames(self, index: int, epoch: str, items: list[Item], stand: Stand | None = None) -> bytes:
        """The news of one topic; moves the stand (the feed's own, unless another reader's is given)."""
        stand = stand or self.stand
        topic, closing = self.topics[index], self._closing[index]
        out = []
        if len(items) > 1:
            # What trails behind the end is told before it.
            items = sorted(coalesce(items), key=lambda item: item.end)
        for item in items:
            id = stand.move(index, Position(epoch, item.id, end=item.end))
            data = item.data if topic.filter is None else self._filtered(topic, item.data)
            if data:
                out.append(sse.frame(id, sse.tagged(data, closing)))
        if items and items[-1].end and self.alone:
            out.append(sse.DONE)
        return b"".join(out)

    def tell(self, index: int, story: Story, stand: Stand | None = None) -> bytes:
        """Bring a reader up to date with one topic.

        Until the whole is told, frames carry an id that says nothing was seen of it: whoever is cut off in
        between starts it again. Once the log's items begin, every id is exact.
        """
        stand = stand or self.stand
        topic, closing = self.topics[index], self._closing[index]
        if story.start:
            stand.move(index, story.start)
            return self.frames(index, story.position.epoch, story.items, stand)
        # Beside others a reset must say whose it is; alone it means everything.
        whose = topic.tag or ({} if self.alone else {"topic": topic.name})
        parts = [sse.reset(whose)] if story.reset else []
        for item in story.record:
            data = item.data if topic.filter is None else self._filtered(topic, item.data)
            if data:
                parts.append(sse.tagged(data, closing))
        id = stand.move(index, NOWHERE)
        if not story.items:
            head, last = parts[:-1], parts[-1:]
            top = stand.move(index, story.position)
            return b"".join([sse.frame(id, part) for part in head] + [sse.frame(top, part) for part in last])
        told = b"".join(sse.frame(id, part) for part in parts)
        told += self.frames(index, story.position.epoch, story.items, stand)
        if not story.ended:
            stand.move(index, story.position)
        return told

    @staticmethod
    def _filtered(topic: Topic, data: bytes) -> bytes:
        part = topic.filter(decode(data))
        return b"" if part is None else encode(part)

    # Delivery.

    def push(self, chunk: bytes) -> None:
        """Give a chunk to everyone who can take it now; remember it for those who cannot."""
        if not chunk:
            return
        if self.parked:
            self._remember(chunk)
        if pulse := self.take_pulse():
            # Before the chunk, which may be the end. Nobody has missed one who was parked.
            chunk = pulse() + chunk
        shared = Chunk(chunk)
        wire, stuck = shared.wire, []
        for connection, send in self._direct.items():
            try:
                send(wire)
            except Exception as error:
                connection.pipe.broke(error)
                stuck.append(connection)
        stuck += [connection for connection, write in self._stepped.items() if not write(shared)]
        for connection in stuck:
            self.park(connection)

    def take_pulse(self) -> Callable[[], bytes] | None:
        """The pulse that is due and that nobody has been given yet."""
        due, self.pulse = self.pulse, None
        return due

    def mark(self) -> None:
        """Before encoding: what is collected but not pushed yet is nothing anyone has been given."""
        if not self.alone and not self.collected:
            self._before = str(self.stand)

    def push_collected(self) -> None:
        if self.timer:
            self.timer.cancel()
            self.timer = None
        if self.collected:
            collected, self.collected = self.collected, []
            self.push(b"".join(collected))

    def join(self, connection: "Connection") -> None:
        pipe = connection.pipe
        if pipe.direct:
            self._direct[connection] = pipe.direct
        else:
            self._stepped[connection] = pipe.write

    def _take_out(self, connection: "Connection") -> None:
        self._direct.pop(connection, None)
        self._stepped.pop(connection, None)

    def dismiss(self) -> list["Connection"]:
        """All who flow, now in nobody's care."""
        leaving, self._direct, self._stepped = self.flowing, {}, {}
        return leaving

    def leave(self, connection: "Connection") -> None:
        self._take_out(connection)
        if self.parked.pop(connection, None) is not None and not self.parked:
            self._forget()

    def park(self, connection: "Connection") -> None:
        self._take_out(connection)
        connection.park(self._before if self.collected else str(self.stand))
        if not connection.pipe.dead:
            self.parked[connection] = self._first + len(self._missed)

    def missed(self, connection: "Connection") -> bytes | None:
        """All that a parked connection missed, as one chunk; it flows again. None: more than is kept."""
        number = self.parked.pop(connection)
        skip = number - self._first
        chunk = None if skip < 0 else b"".join(list(self._missed)[skip:])
        if not self.parked:
            self._forget()
        if chunk is not None:
            self.join(connection)
        return chunk

    def _remember(self, chunk: bytes) -> None:
        self._missed.append(chunk)
        self._bytes += len(chunk)
        while self._bytes > MOST_BYTES or len(self._missed) > MOST_CHUNKS:
            self._bytes -= len(self._missed.popleft())
            self._first += 1

    def _forget(self) -> None:
        self._first += len(self._missed)
        self._missed.clear()
        self._bytes = 0
