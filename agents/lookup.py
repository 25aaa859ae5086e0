"""Rows the hot path needs: read in a thread, kept for a few seconds, read once for all who ask together."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

from channels.db import database_sync_to_async

from base.loops import per_loop as per_loop

K = TypeVar("K")
V = TypeVar("V")

SECONDS = 5.0
SIZE = 2_000


class Lookup(Generic[K, V]):
    """`load(key)` in a thread, its answer remembered for `seconds`.

    None means "no such row" and is not remembered. Bound to one event loop; see `per_loop`.
    """

    def __init__(self, load: Callable[[K], V | None], *, seconds: float = SECONDS, size: int = SIZE) -> None:
        # Not on the one thread all sensitive code shares: a thousand lookups at once would queue there.
        self._load = database_sync_to_async(load, thread_sensitive=False)
        self._seconds = seconds
        self._size = size
        self._kept: dict[K, tuple[float, V]] = {}  # key → (good until, value), oldest first
        self._loading: dict[K, asyncio.Task[V | None]] = {}

    async def get(self, key: K) -> V | None:
        kept = self._kept.get(key)
        if kept and kept[0] > monotonic():
            return kept[1]
        task = self._loading.get(key)
        if task is None:
            task = self._loading[key] = asyncio.create_task(self._fetch(key))
        # Whoever asked first may give up; the others still wait for the answer.
        return await asyncio.shield(task)

    async def _fetch(self, key: K) -> V | None:
        # Aged from before the read: a change that commits while we read is seen in time too.
        good_until = monotonic() + self._seconds
        try:
            value = await self._load(key)
        finally:
            del self._loading[key]
        self._kept.pop(key, None)
        if value is not None:
            self._kept[key] = (good_until, value)
            if len(self._kept) > self._size:
                del self._kept[next(iter(self._kept))]
        return value
