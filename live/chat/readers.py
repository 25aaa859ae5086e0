"""Who reads an answer: so many at once as of any streams, and only for as long as they may."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from django.db import Error
from redis.exceptions import RedisError

from accounts.access import Viewer, still_allowed
from live.locks import leave_thread
from streaming import hub, leases
from streaming.leases import RENEW_EVERY, Lease

logger = logging.getLogger(__name__)


async def take(viewer: Viewer) -> Lease | None:
    """One more open stream of this person or program; None: they have as many as they may."""
    return await leases.take(hub.current().log, str(viewer.token_id or viewer.user_id))


async def read(
    told: AsyncGenerator[bytes, None], viewer: Viewer, lease: Lease, *, every: float = RENEW_EVERY
) -> AsyncGenerator[bytes, None]:
    """What is told, until it ends or the viewer may not read on: then it breaks off, which no client takes
    for its end. It is never silent for longer than between two heartbeats, so nothing else wakes us.
    """
    loop = asyncio.get_running_loop()
    looked_at = loop.time()
    leave_thread()
    try:
        async with aclosing(told):
            async for chunk in told:
                yield chunk
                if loop.time() - looked_at >= every:
                    looked_at = loop.time()
                    if not await _goes_on(viewer, lease):
                        return
    finally:
        await give_back(lease)


async def _goes_on(viewer: Viewer, lease: Lease) -> bool:
    try:
        await leases.renew(hub.current().log, [lease])
        return viewer in await still_allowed([viewer])
    except (RedisError, OSError, Error, TimeoutError) as error:
        logger.warning("cannot see who may still read an answer: %s", type(error).__name__)
        return True


async def give_back(lease: Lease) -> None:
    try:
        await leases.give_back(hub.current().log, lease)
    except (RedisError, OSError) as error:
        logger.info("a lease was not given back and will run out: %s", error)
