"""What takes long about privacy: forgetting callers, and removing what has been kept long enough."""

import logging
import time
from uuid import UUID

from celery import shared_task
from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from calls.privacy import enforcing, erasing

logger = logging.getLogger(__name__)

AT_A_TIME_SECONDS = 20.0  # others wait for this place too; the timetable comes by again
IN_TURN_SECONDS = 5.0
AWAY = (OperationalError, InterfaceError, RedisError)


@shared_task(acks_late=True, ignore_result=True, slow=IN_TURN_SECONDS)
def erase() -> None:
    """Go on with every erasure that nobody is at: what a lost message or a dead worker left, too."""
    enough = time.monotonic() + AT_A_TIME_SECONDS
    for erasure_id in list(erasing.due().order_by("id").values_list("pk", flat=True)):
        if not _erase(erasure_id, enough):
            return


def _erase(erasure_id: UUID, enough: float) -> bool:
    """False: the time is up, or nothing can be erased now."""
    erasure = erasing.claim(erasure_id)
    if erasure is None:
        return True
    try:
        while erasing.go_on(erasure):
            if time.monotonic() >= enough:
                erasing.put_down(erasure)
                return False
    except (OSError, *AWAY) as error:
        # By name only: the database quotes rows. Somebody is at it again in a while.
        logger.warning("erasure %s cannot go on now: %s", erasure_id, type(error).__name__)
        # Others may have no files, or theirs elsewhere.
        return not isinstance(error, AWAY)
    return True


@shared_task(ignore_result=True, slow=IN_TURN_SECONDS)
def enforce() -> None:
    """Remove some of what has been kept for long enough, of every workspace."""
    try:
        for did in enforcing.enforce(seconds=AT_A_TIME_SECONDS):
            logger.info("retention, workspace %s: %d %s removed", did.workspace_id, did.count, did.part.many)
    except AWAY as error:
        logger.warning("retention cannot go on now: %s", type(error).__name__)
