"""uvicorn inside somebody else's event loop."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

UP_WITHIN = 10.0
DOWN_WITHIN = 5.0


class _Quiet(uvicorn.Server):
    """Leaves signals to whoever runs the loop, and tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Server:
    """Serves an ASGI app on 127.0.0.1 from start() to stop()."""

    def __init__(self, app: Any, port: int = 0, listening: socket.socket | None = None) -> None:
        # Connections cut on purpose are no news.
        logging.getLogger("uvicorn.error").addFilter(_not_about_cuts)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=1
        )
        self._server = _Quiet(config)
        self._wanted_port = port
        self._listening = listening
        self._task: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        listener = self._listening or socket.create_server(("127.0.0.1", self._wanted_port))
        self.port = listener.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        # The listener queues connections from now on; this only waits for uvicorn to take them.
        async with asyncio.timeout(UP_WITHIN):
            await self._server.listening.wait()

    async def stop(self) -> None:
        if self._task is None:
            return
        self._server.should_exit = True
        done, _ = await asyncio.wait({self._task}, timeout=DOWN_WITHIN)
        if not done:
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None


def _not_about_cuts(record: logging.LogRecord) -> bool:
    return "without completing response" not in record.getMessage()
