"""uvicorn as we run it."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import uvicorn

from config.listening import BACKLOG
from config.protocol import Protocol

logger = logging.getLogger(__name__)

LARGEST_SOCKET_MESSAGE = 4 * 2**20  # a voice platform repeats the whole transcript in each
GRACE_S = 5
TICK_S = 1.0  # the date that answers carry is as old as that


class Server(uvicorn.Server):
    """Before it goes it asks those who hold connections to `leave`. Lifespan's shutdown comes only after
    connections have ended."""

    def __init__(self, config: uvicorn.Config, *leave: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._leave = leave
        self._wake: Callable[[], object] = lambda: None

    async def main_loop(self) -> None:
        """uvicorn looks ten times a second whether it should end, 0.2 % of a core. We are told."""
        leaving = asyncio.Event()
        self._wake = partial(asyncio.get_running_loop().call_soon_threadsafe, leaving.set)
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await leaving.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._wake()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()  # who is sent away must not come back to us
        leaving = {asyncio.ensure_future(leave()) for leave in self._leave}
        while leaving and not self.force_exit:
            done, leaving = await asyncio.wait(leaving, timeout=0.1)
            for task in done:
                if error := task.exception():
                    logger.error("leaving was not orderly", exc_info=error)
        await super().shutdown(sockets)


def server_config(application: Any = "config.asgi:application") -> uvicorn.Config:
    return uvicorn.Config(
        application,
        loop="uvloop",
        http=Protocol,
        ws="websockets-sansio",
        ws_max_size=LARGEST_SOCKET_MESSAGE,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        ws_per_message_deflate=False,  # small messages, many of them
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S,
        access_log=False,
        proxy_headers=False,  # config/asgi.py reads them, where somebody asks who is calling
        server_header=False,
        log_config=None,  # settings.LOGGING says it all
    )
