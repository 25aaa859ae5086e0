"""SDK clients with warm connections, one per endpoint in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from agents.llm.providers.base import Endpoint

# By name: a vendor's SDK takes a second to import, and few processes talk to each of them.
ADAPTERS = {"openai": "agents.llm.providers.openai", "anthropic": "agents.llm.providers.anthropic"}
SIZE = 64


def adapter(kind: str) -> Any:
    """The module that speaks to vendors of this kind. Slow the first time: not for an event loop's thread."""
    return import_module(ADAPTERS[kind])


def _connect(endpoint: Endpoint) -> Any:
    return adapter(endpoint.kind).connect(endpoint)


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
            # Reading the certificates takes tens of milliseconds.
            kept = _Kept(asyncio.create_task(asyncio.to_thread(_connect, endpoint)))
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
