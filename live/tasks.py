"""Slow work for live calls: asking the platform how a call went."""

import logging
from uuid import UUID

from celery import shared_task
from kombu.exceptions import OperationalError

from calls import services
from calls.models import Call
from live import settle
from live.passing import PASSING

logger = logging.getLogger(__name__)

SOON_SECONDS = IN_TURN_SECONDS = 1.0
LONGEST_PAUSE = 60
TRIES = 8  # over about three minutes; an analysis takes the platform a while


def conclude(call: Call) -> None:
    """A call has ended: have the platform asked about it, or finish it if there is nobody to ask."""
    if call.connection_id is None:
        services.finish(call.pk)
        return
    try:
        settle_call.apply_async((str(call.pk),), countdown=SOON_SECONDS, retry=False)
    except OperationalError:
        # The watch finishes its topic in a while all the same.
        logger.warning("call %s: could not be queued to be settled", call.pk)


def ask_after(call: Call) -> None:
    """A live call has not been told of for a while: have its platform asked whether it has ended."""
    try:
        look_up_call.apply_async((str(call.pk),), retry=False)
    except OperationalError:
        logger.warning("call %s: could not be queued to be looked up", call.pk)


@shared_task(acks_late=True, ignore_result=True, slow=IN_TURN_SECONDS)
def look_up_call(call_id: str) -> None:
    """Ask once. Whoever wanted to know asks again if that was too early."""
    try:
        complete = settle.settle(UUID(call_id))
        call = Call.objects.get(pk=call_id)
    except PASSING as error:
        logger.warning("call %s: cannot be looked up now: %s", call_id, type(error).__name__)
        return
    if call.ended_at and not complete:
        conclude(call)


@shared_task(bind=True, acks_late=True, max_retries=TRIES, ignore_result=True, slow=IN_TURN_SECONDS)
def settle_call(self, call_id: str) -> None:
    """Bring one call up to date with what its platform knows of it."""
    last = self.request.retries >= TRIES
    pause = min(2**self.request.retries, LONGEST_PAUSE)
    try:
        done = settle.settle(UUID(call_id), last=last)
    except PASSING as error:
        logger.warning("call %s: cannot be settled now: %s", call_id, type(error).__name__)
        raise self.retry(exc=error, countdown=pause) from error
    if not done and not last:
        raise self.retry(countdown=pause)
