"""One at a time, in all processes: a lock in Redis that somebody who died with it does not keep."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from redis import Redis
from redis.exceptions import LockError
from redis.lock import Lock

from base.pool import leave_database


class Turn:
    """Ours, until it has run out."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock

    def goes_on(self) -> bool:
        """Whether it is ours still, and then it is for as long again."""
        try:
            return bool(self._lock.reacquire())
        except LockError:
            return False


@contextmanager
def one_at_a_time(name: str, held_s: float, wait_s: float = 0.0) -> Iterator[Turn | None]:
    """Our turn; None: it is somebody else's, after `wait_s` too. One that died with it is waited for no
    longer than `held_s`. Raises RedisError."""
    leave_database()
    with Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as redis:
        lock = redis.lock(name, timeout=held_s, sleep=0.1)
        ours = lock.acquire(blocking=wait_s > 0, blocking_timeout=wait_s or None)
        try:
            yield Turn(lock) if ours else None
        finally:
            if ours:
                with suppress(LockError):  # it ran out, and may be somebody else's
                    lock.release()
