"""Applying what platforms told us, in the background."""

import time

from celery import shared_task

from webhooks.services import apply_next

AT_A_TIME_SECONDS = 20
# A bell that nobody heard in time need not ring: the sweeper comes by sooner than that.
BELL_EXPIRES_SECONDS = 10


@shared_task(acks_late=True, ignore_result=True, expires=BELL_EXPIRES_SECONDS)
def apply_pending() -> None:
    """Apply everything that is pending. It is told nothing, so a bell that is lost costs nothing but the time
    until the timetable's next one."""
    enough = time.monotonic() + AT_A_TIME_SECONDS
    while apply_next():
        if time.monotonic() > enough:
            apply_pending.delay()
            return
