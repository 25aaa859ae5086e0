"""Tells the workers that something was kept: from a thread, in nobody's way, and never more than is of use.

A bell that nobody hears costs nothing: beat looks every few seconds.
"""

import logging
import threading

from django.conf import settings
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from webhooks.tasks import apply_pending

logger = logging.getLogger(__name__)

EVERY_S = 0.05
# With so many messages waiting nobody is listening: more would only fill Redis.
MOST_WAITING = 500
ANSWER_WITHIN_S = 2
QUEUE = apply_pending.app.conf.task_default_queue


def tell(redis: Redis) -> bool:
    """Tell the workers now. False: enough of them have been told that nobody has heard yet.

    Raises OperationalError, RedisError or OSError while Redis is away.
    """
    if redis.llen(QUEUE) >= MOST_WAITING:
        return False
    apply_pending.delay()
    return True


class Doorbell:
    """One per process, for all its threads. Rung as often as one likes, it rings once in EVERY_S at most."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        self._thread: threading.Thread | None = None
        self._beginning = threading.Lock()

    def ring(self) -> None:
        """Comes back at once."""
        if self._rung.is_set():
            return
        self._rung.set()
        if self._thread is None:
            with self._beginning:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._answer, name="doorbell", daemon=True)
                    self._thread.start()

    def _answer(self) -> None:
        redis = Redis.from_url(
            settings.REDIS_URL, socket_timeout=ANSWER_WITHIN_S, socket_connect_timeout=ANSWER_WITHIN_S
        )
        pause = threading.Event()
        healthy = True
        while True:
            self._rung.wait()
            # Before the message: what is kept from here on is either found by it or rings again.
            self._rung.clear()
            try:
                tell(redis)
                healthy = True
            except (OperationalError, RedisError, OSError) as error:
                if healthy:
                    logger.warning("nobody can be told of new webhooks: %s", type(error).__name__)
                healthy = False
            pause.wait(EVERY_S)


_doorbell = Doorbell()
ring = _doorbell.ring
