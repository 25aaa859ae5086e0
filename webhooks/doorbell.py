"""Tells the workers that something was kept. From a thread, and in nobody's way: if it is not heard, the sweeper is
next in a few seconds."""

import logging
import threading

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from webhooks.tasks import apply_pending

logger = logging.getLogger(__name__)

EVERY_S = 0.05


class Doorbell:
    """One per process. Rung as often as one likes, it rings every EVERY_S at most."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def ring(self) -> None:
        if self._rung.is_set():
            return
        self._rung.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._answer, name="webhook doorbell", daemon=True)
            self._thread.start()

    def _answer(self) -> None:
        while True:
            self._rung.wait()
            self._rung.clear()
            try:
                apply_pending.delay()
            except (OperationalError, RedisError, OSError) as error:
                logger.warning("the workers could not be told of new webhooks: %s", type(error).__name__)
            self._ended.wait(EVERY_S)


_doorbell = Doorbell()
ring = _doorbell.ring
