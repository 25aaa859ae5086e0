"""Applying what platforms told us, in the background."""

import logging
import time

from celery import shared_task
from django.db import InterfaceError, OperationalError

from webhooks.services import apply_next

logger = logging.getLogger(__name__)

AT_A_TIME_SECONDS = 20.0
# A bell that nobody heard in time need not ring: the timetable's next one is sooner.
BELL_EXPIRES_SECONDS = 10


@shared_task(acks_late=True, ignore_result=True, expires=BELL_EXPIRES_SECONDS)
def apply_pending(at_a_time_seconds: float = AT_A_TIME_SECONDS) -> None:
    """Apply everything that is pending, or ring again if that takes longer: others wait for this worker too.

    It is not told what there is: a bell that is lost costs only the time until the timetable's next.
    """
    enough = time.monotonic() + at_a_time_seconds
    try:
        while apply_next():
            if time.monotonic() >= enough:
                apply_pending.delay()
                return
    except (OperationalError, InterfaceError) as error:
        # The database is away. What was claimed is free again in a while; the timetable's next tick finds it.
        logger.warning("webhooks cannot be applied now: %s", type(error).__name__)
