"""Browsers in this process, written to by its hub."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from streaming.admission import Admission, Filter, Topic
from streaming.connection import Connection
from streaming.hub import Hub
from streaming.log import Entry
from streaming.positions import Cursor
from tests.streaming.client import Call, parse


async def everyone(viewers) -> set:
    return set(viewers)


def words(text: str) -> list[Entry]:
    return [Entry({"type": "text-delta", "id": "r1", "delta": text}, group="r1")]


class Browser:
    """Takes what the hub sends; may stall like a full transport, be cut off, and come back to where it
    was."""

    def __init__(self, hub: Hub, names: list[str], filter: Filter | None = None) -> None:
        self.hub, self.names, self.filter = hub, names, filter
        self.call = Call()
        self.record: Callable[[], Awaitable[list[Entry]]] | None = None
        self.over = ""  # the topic of which the record says so
        self.writes = 0
        self.broken = False
        self.open = asyncio.Event()
        self.open.set()
        self.connection: Connection | None = None
        self.sources: list = []
        self._bytes = b""
        self._unread: deque[bytes] = deque()

    async def connect(self) -> None:
        tagged = len(self.names) > 1
        topics = [
            Topic(name, {"call": name} if tagged else {}, self.record, self.filter, name == self.over)
            for name in self.names
        ]
        admission = Admission("viewer", topics, everyone)
        self._bytes = b""
        self.sources = await self.hub.sources.enter(topics)
        self.connection = Connection(admission, self._send, self.hub, 1000)
        cursor = Cursor.parse(self.call.position) if self.call.position else None
        await self.hub.join(self.connection, self.sources, cursor)

    def cut(self, events: int) -> None:
        """The connection breaks after so many events more of what was sent had arrived."""
        if self.connection is None:
            return
        self.hub.leave(self.connection)
        self.hub.sources.release(self.sources)
        self.connection = None
        self.read(events)
        self._unread.clear()
        self.open.set()

    def read(self, most: int | None = None) -> None:
        while self._unread and (most is None or most > 0):
            self.call.take(parse(self._unread.popleft()))
            most = most and most - 1

    async def _send(self, message: dict) -> None:
        await self.open.wait()
        if self.broken:
            raise OSError("no such browser")
        self.writes += 1
        *events, self._bytes = (self._bytes + message["body"]).split(b"\n\n")
        self._unread.extend(event for event in events if event)


async def told(browser: Browser, text: str) -> None:
    async with asyncio.timeout(10):
        while browser.call.turns.get(("", "r1")) != text:
            await asyncio.sleep(0.005)
            browser.read()
