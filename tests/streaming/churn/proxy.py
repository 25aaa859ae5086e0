"""A small TCP proxy that does to connections what the world does: tears them anywhere, slows them, forgets
them."""

import asyncio
import random
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

RECEIVE_BUFFER = 8192  # of a link to a server, so that a slow reader is felt there
DRIP_EVERY = 0.05
KINDS = {"fair": 4, "torn": 6, "slow": 2, "stopped": 1, "half open": 1, "abandoned": 1}


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a connection once so many bytes of the answer have passed."""

    kind: str
    after: int
    rude: bool = False  # a reset, not a goodbye
    pace: int = 0  # bytes in a drip
    pause: float = 0.0  # seconds in which nothing passes


def fate(chance: random.Random) -> Fate:
    (kind,) = chance.choices(list(KINDS), KINDS.values())
    after = int(chance.expovariate(1 / 20_000))
    rude, pace, pause = chance.random() < 0.5, chance.randint(200, 4000), chance.uniform(0.5, 4)
    return Fate(kind, after, rude, pace, pause)


FAIR = Fate("fair", 0)


class Proxy:
    """Listens on `port` and hands each connection to the next server of those that are `up`."""

    def __init__(self, chance: random.Random) -> None:
        self.up: list[int] = []
        self.port = 0
        self.fates: Counter[str] = Counter()
        self.links: set[Link] = set()
        self._chance = chance
        self._calm = False
        self._turn = 0
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Link(self), "127.0.0.1", 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    def calm(self) -> None:
        """Everyone comes back at once, and from now on connections are left alone."""
        self._calm = True
        self.tear_all()

    def fate(self) -> Fate:
        chosen = FAIR if self._calm else fate(self._chance)
        self.fates[chosen.kind] += 1
        return chosen

    def servers(self) -> list[int]:
        """Those that are up; another one first each time."""
        self._turn += 1
        first = self._turn % max(1, len(self.up))
        return self.up[first:] + self.up[:first]

    async def close(self) -> None:
        self._server.close()
        self.tear_all()
        await self._server.wait_closed()

    def tear_all(self) -> None:
        for link in list(self.links):
            link.tear(rude=True)


class Link(asyncio.Protocol):
    """One connection: this is its reader's side, `_Upstream` its server's."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy, self._loop = proxy, asyncio.get_running_loop()
        self._fate = proxy.fate()
        self._left = self._fate.after
        self._reader: asyncio.Transport | None = None
        self._server: asyncio.Transport | None = None
        self._asked = b""  # before there was a server
        self._dripping = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._silent = False
        self._task: asyncio.Task | None = None

    def connection_made(self, transport) -> None:
        self._reader = transport
        self._proxy.links.add(self)
        self._task = self._loop.create_task(self._connect())

    async def _connect(self) -> None:
        for port in self._proxy.servers():
            wire = socket.socket()
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            wire.setblocking(False)
            try:
                async with asyncio.timeout(5):
                    await self._loop.sock_connect(wire, ("127.0.0.1", port))
                    await self._loop.create_connection(lambda: _Upstream(self), sock=wire)
            except OSError:
                wire.close()
            else:
                return
        self.tear(rude=False)

    def data_received(self, data: bytes) -> None:
        if self._server:
            self._server.write(data)
        else:
            self._asked += data

    def connection_lost(self, error: Exception | None) -> None:
        self._reader = None
        if self._silent:
            self._forget()
        else:
            self.tear(rude=bool(error))

    def pause_writing(self) -> None:
        if self._server:
            self._server.pause_reading()

    def resume_writing(self) -> None:
        if self._server and not self._silent and not self._dripping:
            self._server.resume_reading()

    # The server's side.

    def met(self, server: asyncio.Transport) -> None:
        self._server = server
        server.write(self._asked)
        if self._reader is None:
            self.tear(rude=True)

    def answered(self, data: bytes) -> None:
        if self._silent or self._reader is None:
            return
        passing = data[: self._left]
        self._left -= len(passing)
        rest = data[len(passing) :]
        if not rest:
            self._reader.write(data)
            return
        match self._fate.kind:
            case "fair":
                self._left = 1 << 60
                self._reader.write(data)
            case "torn":
                self._reader.write(passing)
                self.tear(rude=self._fate.rude)
            case "slow":
                self._hold(data, DRIP_EVERY, self._drip)
            case "stopped":
                self._hold(data, self._fate.pause, self._flow)
            case "half open":
                # The server has gone, and its reader is never told.
                self._reader.write(passing)
                self._silent = True
                self._server.abort()
            case "abandoned":
                # The reader has gone, and its server is neither told nor read from.
                self._silent = True
                self._server.pause_reading()
                self._reader.abort()

    def left(self) -> None:
        """The server has closed its side; what still drips is let through at once."""
        self._server = None
        if self._silent:
            self._forget()
            return
        if self._reader and self._dripping:
            self._reader.write(bytes(self._dripping))
        self.tear(rude=False)

    # Passing on later.

    def _hold(self, data: bytes, seconds: float, then: Callable[[], None]) -> None:
        self._dripping += data
        self._server.pause_reading()
        self._timer = self._timer or self._loop.call_later(seconds, then)

    def _drip(self) -> None:
        self._timer = None
        if self._reader is None:
            return
        self._reader.write(bytes(self._dripping[: self._fate.pace]))
        del self._dripping[: self._fate.pace]
        if self._dripping:
            self._timer = self._loop.call_later(DRIP_EVERY, self._drip)
        elif self._server:
            self._server.resume_reading()

    def _flow(self) -> None:
        """All at once, and from now on at once."""
        self._timer, self._left = None, 1 << 60
        if self._reader is None:
            return
        self._reader.write(bytes(self._dripping))
        self._dripping.clear()
        if self._server:
            self._server.resume_reading()

    # The end.

    def _forget(self) -> None:
        if self._reader is None and self._server is None:
            self._proxy.links.discard(self)

    def tear(self, *, rude: bool) -> None:
        self._silent = True
        self._proxy.links.discard(self)
        if self._timer:
            self._timer.cancel()
        if self._task and self._task is not asyncio.current_task():
            self._task.cancel()
        for side in (self._reader, self._server):
            if side and rude:
                side.abort()
            elif side:
                with suppress(RuntimeError):
                    side.close()


class _Upstream(asyncio.Protocol):
    def __init__(self, link: Link) -> None:
        self._link = link

    def connection_made(self, transport) -> None:
        self._link.met(transport)

    def data_received(self, data: bytes) -> None:
        self._link.answered(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._link.left()
