"""Rows the hot path needs: read in a thread, kept for a few seconds, read once for all who ask together."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar
from weakref import ReferenceType, WeakKeyDictionary, ref

from channels.db import database_sync_to_async

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")

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


def per_loop(make: Callable[[], T]) -> Callable[[], T]:
    """One of something for each event loop: connections and tasks cannot be shared between two."""
    made: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()
    # A process has one loop, and asks for every request: the weak look-up is for those that have several.
    latest: tuple[ReferenceType[asyncio.AbstractEventLoop] | None, T | None] = (None, None)

    def get() -> T:
        nonlocal latest
        loop = asyncio.get_running_loop()
        known, one = latest
        if known is not None and known() is loop:
            return one
        one = made[loop] if loop in made else made.setdefault(loop, make())
        latest = (ref(loop), one)
        return one

    return get
