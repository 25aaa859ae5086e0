"""Readings in bulk, gone on with where slow work is done: in pieces, so that others have their turn."""

import logging
import time

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.core.cache import cache
from django.db.models import F

from agents.llm.whole import SLOT
from base.turns import one_at_a_time
from calls.judging import bulk, readings
from calls.models import Reading

logger = logging.getLogger(__name__)

ENOUGH_S = 20.0  # then a call may be judged and a chat named: those ask for the slot every few seconds
HELD_S = 200.0  # longer than what is under way then takes (agents/llm/whole.py)
REST_S, WAIT_S = 6.0, 30.0  # between pieces; until models that did not answer are asked again
ASIDE_S = 300.0  # one that broke
RESTING = "calls:readings:rest"


@shared_task(ignore_result=True, slow=0)
def read_on() -> None:
    """Whatever waits. Asked for when one is started, and by the timetable: a piece that a dead worker left is
    read again, and paid for again."""
    if cache.get(RESTING) or not _waiting().exists():
        return
    with one_at_a_time(SLOT, HELD_S) as ours:
        if not ours:
            return
        until = time.monotonic() + ENOUGH_S
        for reading in _waiting():
            if time.monotonic() >= until or cache.get(RESTING):
                break
            if not cache.get(_aside(reading)):
                _read(reading, until)
        if _waiting().exists():
            cache.add(RESTING, True, REST_S)  # then the timetable comes by


def _read(reading: Reading, until: float) -> None:
    try:
        while bulk.read_piece(reading) and time.monotonic() < until:
            pass
    except bulk.Waits as error:
        logger.warning("reading %s waits %d s: %s", reading.pk, WAIT_S, error)
        cache.set(RESTING, True, WAIT_S)
    except (SoftTimeLimitExceeded, *bulk.AWAY):
        raise
    except Exception as error:
        # By name only, and the others shall not wait for it. Its own workspace may stop it.
        logger.error("reading %s was set aside for %d s: %s", reading.pk, ASIDE_S, type(error).__name__)
        cache.set(_aside(reading), True, ASIDE_S)


def _aside(reading: Reading) -> str:
    return f"calls:readings:aside:{reading.pk}"


def _waiting():
    """Whichever was longest without a piece comes first."""
    rows = Reading.objects.filter(status__in=readings.UNDER_WAY)
    return rows.order_by(F("alive_at").asc(nulls_first=True))
