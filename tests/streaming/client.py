"""A reader of event streams that keeps exactly what came, and puts a call's words together from it."""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urlencode

import orjson


@dataclass(slots=True)
class Event:
    id: str | None
    data: str
    retry: int | None

    @property
    def part(self) -> dict:
        return orjson.loads(self.data)


def parse(block: bytes) -> Event:
    event = Event(None, "", None)
    for line in block.decode().split("\n"):
        name, _, value = line.partition(": ")
        if name == "id":
            event.id = value
        elif name == "data":
            event.data = value
        elif name == "retry":
            event.retry = int(value)
        else:
            raise AssertionError(f"unexpected line {line!r}")
    return event


@dataclass(slots=True)
class Call:
    """What a reader knows: turns by topic and key, as words or as a whole picture, across its connections."""

    position: str | None = None
    turns: dict[tuple[str, str], str] = field(default_factory=dict)
    resets: int = 0
    ended: bool = False
    events: int = 0
    pulses: int = 0

    def take(self, event: Event) -> None:
        if event.data == "[DONE]":
            return
        part = event.part
        topic = part.get("call", "")
        if part["type"] == "data-pulse":
            assert event.id is None
            self.pulses += 1
            return
        assert event.id is not None, event
        self.position = event.id
        self.events += 1
        if part["type"] == "data-reset":
            self.resets += 1
            told = part["data"].get("call")
            self.turns = {
                key: text for key, text in self.turns.items() if told is not None and key[0] != told
            }
        elif part["type"] == "text-start":
            self.turns[topic, part["id"]] = ""
        elif part["type"] == "text-delta":
            self.turns[topic, part["id"]] = self.turns.get((topic, part["id"]), "") + part["delta"]
        elif part["type"] == "data-turn":
            self.turns[topic, part["id"]] = part["data"]["text"]
        elif part["type"] == "finish":
            self.ended = True


# A hang ends; nothing is measured by these. A machine that does much else may take its time, and the first
# stream of a session waits until its server has started.
OPENS_WITHIN_S = PATIENCE_S = 60


class Stream:
    """One connection: `async with Stream(port, topic="a") as stream: await stream.next()`."""

    def __init__(
        self,
        port: int,
        *,
        last_event_id: str | None = None,
        method: str = "GET",
        opens_within: float = OPENS_WITHIN_S,
        **query,
    ) -> None:
        self.port = port
        self.opens_within = opens_within
        self.target = f"/stream?{urlencode(query, doseq=True)}"
        self.last_event_id = last_event_id
        self.method = method
        self.status = 0
        self.headers: dict[str, str] = {}
        self._buffer = b""
        self._chunked = False

    async def __aenter__(self) -> "Stream":
        async with asyncio.timeout(self.opens_within):
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                await self._ask()
            except BaseException:
                await self.__aexit__()
                raise
        return self

    async def __aexit__(self, *_) -> None:
        self._writer.transport.abort()

    async def _ask(self) -> None:
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: 127.0.0.1", "Accept: text/event-stream"]
        if self.last_event_id:
            lines.append(f"Last-Event-ID: {self.last_event_id}")
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(head[0].split()[1])
        self.headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        self._chunked = "transfer-encoding" in self.headers

    async def _more(self) -> bool:
        if not self._chunked:
            data = await self._reader.read(1 << 16)
            self._buffer += data
            return bool(data)
        size = int(await self._reader.readline() or b"0", 16)
        if size:
            self._buffer += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        return bool(size)

    async def next(self, seconds: float = PATIENCE_S) -> Event | None:
        """The next event; None at the end of the response."""
        async with asyncio.timeout(seconds):
            while b"\n\n" not in self._buffer:
                if not await self._more():
                    return None
        block, _, self._buffer = self._buffer.partition(b"\n\n")
        return parse(block)

    async def until(self, enough, seconds: float = PATIENCE_S) -> list[Event]:
        """All events up to the first that is `enough`. Fails if the response ends before."""
        events = []
        async with asyncio.timeout(seconds):
            while True:
                event = await self.next(seconds)
                assert event is not None, f"the stream ended after {events}"
                events.append(event)
                if enough(event):
                    return events

    async def rest(self, seconds: float = PATIENCE_S) -> list[Event]:
        """All events up to the end of the response."""
        events = []
        async with asyncio.timeout(seconds):
            while (event := await self.next(seconds)) is not None:
                events.append(event)
        return events

    async def body(self) -> bytes:
        """A short answer, whole."""
        async with asyncio.timeout(PATIENCE_S):
            if self._chunked:
                while await self._more():
                    pass
                return self._buffer
            return await self._reader.readexactly(int(self.headers.get("content-length", 0)))
