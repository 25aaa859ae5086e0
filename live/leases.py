"""Who holds a call: a lease in Redis, renewed while the holder lives, so its death is noticed soon."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError, ResponseError

from base import interruptible

logger = logging.getLogger(__name__)

# With what the watch adds (live/watch.py), who watches knows of a death within 9 s.
SECONDS = 5.0
RENEW_SECONDS = 1.5
TAKE_SECONDS = 0.5  # a call does not wait longer for a Redis that is slow; the lease is taken behind its back
# Ours, or nobody's: hold on to it. Somebody else's: they came after us, and it is theirs.
RENEW = """
local holder = redis.call('get', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
MS = round(SECONDS * 1000)

Lost = Callable[[], None]
# RuntimeError is uvloop's word for a connection that broke while it lay in the pool.
AWAY = (RedisError, OSError, RuntimeError)


def _key(name: object) -> str:
    return f"lease:{name}"


def connect() -> redis.asyncio.Redis:
    """A client that gives up soon: whoever renews asks again, and a long wait would cost the lease."""
    # Refused: this server leads no more, say (older ones wrap that in a script's error). Its address leads to
    # the one that does, for a new connection.
    return interruptible.connect(settings.REDIS_URL, retry_on_error=[ResponseError])


@dataclass(eq=False, slots=True)
class _Held:
    holder: str
    lost: Lost
    taken: bool = False  # Redis knows; until then it is ours whatever Redis says


class Leases:
    """The calls this process holds. A Redis that is away is waited out."""

    def __init__(self) -> None:
        self._redis = connect()
        self._held: dict[UUID, _Held] = {}
        self._task: asyncio.Task | None = None
        self._healthy = True

    async def take(self, call_id: UUID, lost: Lost) -> str:
        """Hold a call from now on, whoever held it before. Returns what to release it by.

        `lost` is called when somebody else has taken it, in this process or another.
        """
        before = self._held.pop(call_id, None)
        held = self._held[call_id] = _Held(secrets.token_hex(8), lost)
        if before:
            before.lost()
        try:
            async with asyncio.timeout(TAKE_SECONDS):
                await self._redis.set(_key(call_id), held.holder, px=MS)
            held.taken = True
        except AWAY as error:
            self._report(error)
        self._keep_renewing()
        return held.holder

    async def claim(self, call_id: UUID, lost: Lost, about: str) -> str | None:
        """Hold a call that nobody holds, likewise; None: somebody does. Raises what AWAY lists.

        `about`: what `about()` tells whoever asks, for as long as it is held.
        """
        held = _Held(f"{secrets.token_hex(8)} {about}", lost, taken=True)
        taken = await self._redis.set(_key(call_id), held.holder, px=MS, nx=True)
        # It may be ours all the same: the answer was lost on its way, and the client has asked again.
        if not taken and await self._redis.get(_key(call_id)) != held.holder.encode():
            return None
        self._held[call_id] = held
        self._keep_renewing()
        return held.holder

    async def about(self, call_id: UUID) -> str | None:
        """What the holder of a call said of its claim; None: nobody holds it. Raises what AWAY lists."""
        holder = await self._redis.get(_key(call_id))
        return None if holder is None else holder.decode().partition(" ")[2]

    async def release(self, call_id: UUID, holder: str) -> None:
        held = self._held.get(call_id)
        if held and held.holder == holder:
            del self._held[call_id]
        try:
            await self._redis.eval(RELEASE, 1, _key(call_id), holder)
        except AWAY as error:
            self._report(error)

    async def close(self) -> None:
        """Stop renewing. What is still held runs out by itself."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._redis.aclose()

    def _keep_renewing(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._renew(), name="leases of calls")

    async def _renew(self) -> None:
        while self._held:
            await asyncio.sleep(RENEW_SECONDS)
            known = list(self._held.items())
            pipeline = self._redis.pipeline(transaction=False)
            for call_id, held in known:
                if held.taken:
                    pipeline.eval(RENEW, 1, _key(call_id), held.holder, MS)
                else:
                    pipeline.set(_key(call_id), held.holder, px=MS)
            try:
                ours = await pipeline.execute()
            except AWAY as error:
                self._report(error)
                continue
            self._report(None)
            for (call_id, held), still_ours in zip(known, ours, strict=True):
                held.taken = True
                if not still_ours and self._held.get(call_id) is held:
                    del self._held[call_id]
                    held.lost()

    def _report(self, failure: Exception | None) -> None:
        if failure is not None and self._healthy:
            logger.warning("leases of calls cannot be renewed: %s", type(failure).__name__)
        self._healthy = failure is None


async def held(client: redis.asyncio.Redis, call_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the calls that somebody holds. Raises RedisError."""
    if not call_ids:
        return set()
    holders = await client.mget([_key(call_id) for call_id in call_ids])
    return {call_id for call_id, holder in zip(call_ids, holders, strict=True) if holder}


async def lead(client: redis.asyncio.Redis, name: str, holder: str) -> bool:
    """Take or keep a lease that several processes want and one may have. Raises RedisError."""
    return bool(await client.eval(RENEW, 1, _key(name), holder, MS))
