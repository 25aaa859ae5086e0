"""How a web process is doing, looked at twice a second: its event loop's lag, and the streams it holds."""

import asyncio
from collections import deque

from agents.lookup import per_loop
from base import meters
from streaming import hub

EVERY_S = 0.5
REMEMBERED = 60  # looks, so half a minute: what a scrape every 15 s must not miss
LAG = meters.worst("event_loop_lag_seconds", "The longest an event loop kept others waiting in 30 s.")
STREAMS = meters.level("open_streams", "Live streams that browsers hold open.")


class Sampler:
    """One per event loop. `start` when the process begins to serve."""

    def __init__(self) -> None:
        self._lags: deque[float] = deque(maxlen=REMEMBERED)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._look(), name="sampler")

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY_S
            await asyncio.sleep(EVERY_S)
            self._lags.append(max(0.0, loop.time() - due))
            LAG.set(max(self._lags))
            STREAMS.set(len(hub.current().connections))


sampler = per_loop(Sampler)


async def start() -> None:
    sampler().start()


async def close() -> None:
    await sampler().close()
