"""How many streams a person holds open. A lease that nobody renews runs out, so a crash leaks none."""

import secrets
import time

from django.conf import settings
from redis.exceptions import RedisError

from streaming.log import Log

SECONDS = 45.0
RENEW_EVERY = 15.0

# KEYS: the person's leases, a sorted set by expiry. ARGV: now, expiry, limit, name of the lease.
_TAKE = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[4])
redis.call('EXPIRE', KEYS[1], 120)
return 1
"""


def _key(person: str) -> str:
    return f"streams:{{{person}}}"


async def take(log: Log, person: str) -> str | None:
    """The lease's name; None above the limit. Without Redis there is nothing to stream, and no limit."""
    name, now = secrets.token_hex(6), time.time()
    try:
        taken = await log.redis.execute_command(
            "EVAL", _TAKE, 1, _key(person), now, now + SECONDS, settings.STREAM_LIMIT_PER_USER, name
        )
    except (RedisError, OSError):
        return name
    return name if taken else None


async def renew(log: Log, leases: list[tuple[str, str]]) -> None:
    """(person, lease) pairs, in one round trip. Raises RedisError."""
    pipeline = log.redis.pipeline(transaction=False)
    until = time.time() + SECONDS
    for person, name in leases:
        pipeline.execute_command("ZADD", _key(person), until, name)
        pipeline.execute_command("EXPIRE", _key(person), 120)
    await pipeline.execute()


async def give_back(log: Log, person: str, name: str) -> None:
    """Raises RedisError; the lease then runs out by itself."""
    await log.redis.execute_command("ZREM", _key(person), name)
