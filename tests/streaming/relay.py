"""A way to a server on which things happen: what is behind it moves, connections break."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from tests.streaming.running import eventually

Dial = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Relay:
    """`async with Relay(server.dial) as relay:` and clients go to `relay.url`.

    New connections go where `dial` leads by then; those that are open stay where they are. While it is
    `silent` it swallows whatever comes.
    """

    def __init__(self, dial: Dial) -> None:
        self.dial = dial
        self.silent = False
        self._near: list[asyncio.StreamWriter] = []
        self._pumps: set[asyncio.Task] = set()

    async def __aenter__(self) -> "Relay":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def reset(self, client: Redis) -> None:
        """Break what there is while nobody uses it, as behind a firewall; wait until the client was told."""
        idle = list(client.connection_pool._available_connections)
        self.break_off()

        async def is_told() -> bool:
            return all(connection._reader.exception() for connection in idle)

        await eventually(is_told)

    def break_off(self) -> None:
        """All connections there are."""
        near, self._near = self._near, []
        for writer in near:
            at_once = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._near.append(writer)
        try:
            far_reader, far_writer = await self.dial()
        except OSError:
            writer.transport.abort()
            return
        for here, there, other in ((reader, far_writer, writer), (far_reader, writer, far_writer)):
            pump = asyncio.create_task(self._pump(here, there, other))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, here, there, other) -> None:
        try:
            while data := await here.read(1 << 16):
                if not self.silent:
                    there.write(data)
                    await there.drain()
        except OSError:
            pass  # one side is gone, and so is the other
        finally:
            there.transport.abort()
            other.transport.abort()
