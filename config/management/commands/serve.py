import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand

from config.listening import BACKLOG, listen
from config.preflight import check_database, check_redis
from config.protocol import Protocol
from live import process
from streaming import hub

logger = logging.getLogger(__name__)

LARGEST_SOCKET_MESSAGE = 4 * 2**20  # a voice platform repeats the whole transcript in each
GRACE_S = 5
TICK_S = 1.0  # the date that answers carry is as old as that


class Command(BaseCommand):
    help = "Serve pages, APIs, live streams and voice sockets: one web process."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--fd", type=int, help="serve a listening socket that was opened for us")

    def handle(self, *, host: str, port: int, fd: int | None, **options) -> None:
        if fd is not None:
            # Whoever keeps us running has asked already. Servers that are away now will be back: what can be
            # answered meanwhile is, and ending here again and again would make `up` give up.
            listening = socket.socket(fileno=fd)
        else:
            check_database(settings.DATABASE_URL)
            check_redis("REDIS_URL", settings.REDIS_URL)
            listening = listen(host, port)
        Server(server_config()).run(sockets=[listening])


class Server(uvicorn.Server):
    """Before it goes it ends live streams, and finishes what it is saying on calls. Lifespan's shutdown comes
    only after connections have ended."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
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
        leaving = {asyncio.create_task(leave()) for leave in (hub.drain, process.hand_on)}
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
