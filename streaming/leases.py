"""How many streams a person holds open. A lease that nobody renews runs out, so a crash leaks none."""

import secrets
import time
from collections.abc import Sequence

from django.conf import settings
from redis.exceptions import RedisError

from streaming.log import Log, count_between
from streaming.scripts import GIVE_BACK_LEASE, RENEW_LEASE, TAKE_LEASE, Call

SECONDS = 45.0
RENEW_EVERY = 15.0
RENEW_TOGETHER = 100  # in one round trip; streams go on in between

Lease = tuple[str, str]  # whose, and its name


def _key(person: str) -> str:
    return f"streams:{{{person}}}"


async def take(log: Log, person: str) -> Lease | None:
    """A lease, or None above the limit. Without Redis there is nothing to stream, and no limit."""
    name, now = secrets.token_hex(6), time.time()
    limit = settings.STREAM_LIMIT_PER_USER
    try:
        taken = await log.run(
            Call(TAKE_LEASE, (1, _key(person), now, now + SECONDS, limit, name, int(2 * SECONDS)))
        )
    except (RedisError, OSError):
        return person, name
    return (person, name) if taken else None


async def renew(log: Log, leases: Sequence[Lease]) -> None:
    """Raises RedisError; those not renewed have time until the next round, and the one after it."""
    until = time.time() + SECONDS
    calls = [Call(RENEW_LEASE, (1, _key(who), until, name, int(2 * SECONDS))) for who, name in leases]
    failed = None
    for start in range(0, len(calls), RENEW_TOGETHER):
        answers = await log.run_all(calls[start : start + RENEW_TOGETHER])
        failed = next((answer for answer in answers if isinstance(answer, Exception)), failed)
    if failed:
        raise failed


def held(people: Sequence[str]) -> int:
    """How many streams these people hold open now, all together. For views. Raises RedisError."""
    return count_between([_key(person) for person in people], time.time())


async def give_back(log: Log, lease: Lease) -> None:
    """Raises RedisError; the lease then runs out by itself."""
    person, name = lease
    await log.run(Call(GIVE_BACK_LEASE, (1, _key(person), name)))
