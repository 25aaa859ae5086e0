"""The Redis all processes share, for those who would rather do without an answer than wait for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from django.conf import settings
from redis.exceptions import RedisError, ResponseError

from base.interruptible import connect
from base.loops import per_loop

logger = logging.getLogger(__name__)

T = TypeVar("T")

SECONDS = 0.25  # in any one answer: somebody on a phone is waiting
REST_SECONDS = 1.0  # after a question without an answer, so that not everybody waits for the same silence
# RuntimeError is uvloop's word for a connection that broke while it lay in the pool.
_AWAY = (RedisError, OSError, RuntimeError, TimeoutError)


class Away(Exception):
    """Redis gave no answer in time, or gave none to somebody just before; or what it said was an error."""


class Shared:
    """A client, and the patience to ask it. Bound to one event loop."""

    def __init__(self, *, seconds: float = SECONDS, url: str = "") -> None:
        self.client = connect(url or settings.REDIS_URL)
        self.seconds = seconds
        self._resting_until = 0.0

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """What `question` answers; raises Away after `seconds`, and at once for a moment after that.

        A question that Redis refuses is Away too, for whoever asked it: others are answered as ever.
        """
        if monotonic() < self._resting_until:
            raise Away
        try:
            async with asyncio.timeout(self.seconds):
                return await question()
        except ResponseError as error:
            logger.warning("Redis refused: %s", type(error).__name__)
            raise Away from error
        except _AWAY as error:
            logger.warning("Redis is done without: %s", type(error).__name__)
            self._resting_until = monotonic() + REST_SECONDS
            raise Away from error

    async def close(self) -> None:
        await self.client.aclose()


shared = per_loop(Shared)


async def close() -> None:
    """At the end of the process."""
    await shared().close()
