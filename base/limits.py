"""How often somebody may ask: so many requests in any minute, counted in Redis for all processes.

A minute that moves, so nobody gets twice the number by asking around its turn, and `Retry-After` is exact:
it is when the oldest request counted falls out.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings

from base import meters
from base.loops import per_loop
from base.shared import Away, shared

SKIPPED = meters.counter(
    "rate_limits_skipped", "Requests let through uncounted because Redis gave no answer in time."
)


@dataclass(frozen=True, slots=True)
class Taken:
    ok: bool
    limit: int  # a minute
    remaining: int
    retry_after_s: int = 0  # whole seconds, at least 1 where `ok` is False

    def headers(self) -> dict[str, str]:
        """For the answer, a refusal or not."""
        told = {"X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(self.remaining)}
        return told if self.ok else told | {"Retry-After": str(self.retry_after_s)}


async def take(workspace_id: UUID, user_id: UUID, plan: str) -> Taken:
    """Count one request of this person (or token) in this workspace, unless it is over what the plan allows.

    A request that is refused does not count. Without an answer from Redis nobody is refused: a limit is there
    to share what we have fairly, and is not worth an outage of its own.
    """
    return await (await _limiter()).take(f"{workspace_id}:{user_id}", settings.RATE_LIMITS[plan])


class Limiter:
    """Bound to one event loop, as its client is."""

    def __init__(self, aio: Any, item: Any) -> None:
        pool = shared().client.connection_pool
        storage = aio.storage.RedisStorage(
            "redis://", implementation="redispy", connection_pool=pool, key_prefix="limits"
        )
        self._window = aio.strategies.MovingWindowRateLimiter(storage)
        self._item = item

    async def take(self, who: str, limit: int) -> Taken:
        item = self._item(limit)

        async def question() -> Taken:
            ok = await self._window.hit(item, who)
            free_at, remaining = await self._window.get_window_stats(item, who)
            return Taken(ok, limit, remaining, 0 if ok else max(1, math.ceil(free_at - time.time())))

        try:
            return await shared().ask(question)
        except Away:
            SKIPPED.inc()
            return Taken(True, limit, limit)


_made: Callable[[], list[Limiter]] = per_loop(list)


async def _limiter() -> Limiter:
    made = _made()
    if not made:
        # By name, and in a thread: the library takes a tenth of a second to import, and few need it.
        aio = await asyncio.to_thread(import_module, "limits.aio")
        made.append(Limiter(aio, import_module("limits").RateLimitItemPerMinute))
    return made[0]
