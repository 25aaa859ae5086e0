"""Recordings are fetched by the timetable: nobody rings, so nothing is lost with a message."""

import time
from contextlib import suppress

from celery import shared_task
from django.conf import settings
from redis import Redis
from redis.exceptions import LockError

from calls.recordings.fetching import WITHIN_S, due, fetch

BATCH = 20
ENOUGH_SECONDS = 8.0  # webhooks wait for this worker too; the timetable comes by again
# One is fetched at a time, so that a platform that hangs holds up one worker only; longer than one takes.
FETCHING, FETCHING_SECONDS = "calls:recordings:fetching", WITHIN_S + 80


@shared_task(ignore_result=True)
def fetch_due() -> None:
    """Those that wait, one after the other while there is time."""
    if not due().exists():
        return
    with Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as redis:
        ours = redis.lock(FETCHING, timeout=FETCHING_SECONDS)
        if not ours.acquire(blocking=False):
            return
        enough = time.monotonic() + ENOUGH_SECONDS
        with suppress(LockError):  # it ran out, and may be somebody else's
            try:
                for recording in due().select_related("call")[:BATCH]:
                    fetch(recording)
                    if time.monotonic() > enough:
                        break
                    ours.reacquire()
            finally:
                ours.release()
