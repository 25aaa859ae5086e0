"""SDK clients with warm connections, one per endpoint in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from agents.llm.providers import anthropic, openai
from agents.llm.providers.base import Endpoint

ADAPTERS: dict[str, Any] = {"openai": openai, "anthropic": anthropic}
SIZE = 64


class _Kept:
    def __init__(self, making: "asyncio.Task[Any]") -> None:
        self.making = making
        self.users = 0


class Clients:
    """Keeps the `size` endpoints used last. A key or address that was edited is another endpoint."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._kept: dict[Endpoint, _Kept] = {}  # least recently used first

    @asynccontextmanager
    async def lease(self, endpoint: Endpoint) -> AsyncIterator[Any]:
        """A client that stays open for as long as this lasts."""
        kept = self._kept.pop(endpoint, None)
        if kept is None:
            connect = ADAPTERS[endpoint.kind].connect
            # Reading the certificates takes tens of milliseconds.
            kept = _Kept(asyncio.create_task(asyncio.to_thread(connect, endpoint)))
        self._kept[endpoint] = kept
        kept.users += 1
        try:
            # Whoever asked first may give up; the others still wait for the client.
            yield await asyncio.shield(kept.making)
        finally:
            kept.users -= 1
            if _broken(kept.making) and self._kept.get(endpoint) is kept:
                del self._kept[endpoint]
            await self._shrink(self._size)

    async def close(self) -> None:
        """Close what nobody uses."""
        await self._shrink(0)

    async def _shrink(self, size: int) -> None:
        idle = [endpoint for endpoint, kept in self._kept.items() if not kept.users]
        # All out of reach before the first wait: what is leased meanwhile is another client.
        over = [self._kept.pop(endpoint) for endpoint in idle[: max(0, len(self._kept) - size)]]
        for kept in over:
            client = await kept.making
            await client.close()


def _broken(making: "asyncio.Task[Any]") -> bool:
    return making.done() and (making.cancelled() or making.exception() is not None)
