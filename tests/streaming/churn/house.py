"""Web processes that may be killed one by one: each is started again on its port."""

import asyncio
import signal
from contextlib import ExitStack

import httpx

from tests.streaming.churn.proxy import Proxy
from tests.streaming.running import Web, web

READY_WITHIN_S = 60


class House:
    """So many web processes behind a proxy that knows which are up."""

    def __init__(self, proxy: Proxy, webs: int, **settings: str) -> None:
        self._proxy, self._settings = proxy, settings
        self._open = [ExitStack() for _ in range(webs)]
        self.webs: list[Web] = []

    async def open(self) -> None:
        self.webs = [self._start(place) for place in range(len(self._open))]
        await asyncio.gather(*map(self._ready, self.webs))

    async def close(self) -> None:
        await asyncio.gather(*(asyncio.to_thread(stack.close) for stack in self._open))

    async def kill(self, place: int, how: signal.Signals, seconds: float) -> None:
        """End one process, and start it again after `seconds`."""
        gone = self.webs[place]
        if gone in self._proxy.up:
            self._proxy.up.remove(gone)
        gone.send(how)
        await asyncio.to_thread(gone.process.join, 30)
        await asyncio.to_thread(self._open[place].close)
        await asyncio.sleep(seconds)
        self.webs[place] = self._start(place, gone)
        await self._ready(self.webs[place])

    async def held(self, place: int) -> dict[str, int]:
        """What a process holds for its readers."""
        return await _ask(self.webs[place])

    def _start(self, place: int, port: int = 0) -> Web:
        app = "tests.streaming.churn.app"
        return self._open[place].enter_context(web("uvicorn", port, app=app, **self._settings))

    async def _ready(self, web: Web) -> None:
        async with asyncio.timeout(READY_WITHIN_S):
            await _ask(web)  # waits in its backlog
        self._proxy.up.append(web)


async def _ask(port: int) -> dict[str, int]:
    async with httpx.AsyncClient(timeout=READY_WITHIN_S, verify=False) as client:
        answer = await client.get(f"http://127.0.0.1:{port}/held")
    assert answer.status_code == 200, answer.text
    return answer.json()
