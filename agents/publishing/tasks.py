"""The guard's rounds, and putting on the platform what was just published."""

import logging
import time

from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.db.models import F, QuerySet
from redis.exceptions import RedisError

from agents.models import Agent
from agents.publishing import drift, push
from agents.publishing.alone import Busy
from agents.publishing.rests import Rest, rest_of, rest_of_account
from base.turns import one_at_a_time
from platforms.errors import PlatformError, Unpublishable

logger = logging.getLogger(__name__)

PASSING = (OperationalError, InterfaceError, RedisError)
ROUND_S = 45.0  # others wait for this place too; the next round goes on with those that waited longest
IN_TURN_S = 5.0
LEASE_S = 240.0  # longer than a round and what it may be in the middle of


@shared_task(ignore_result=True, slow=IN_TURN_S, soft_time_limit=220, time_limit=235)
def guard() -> None:
    """Look at every agent that is on a platform, and put there what is not there yet. One round at a time."""
    with one_at_a_time("publishing:round", LEASE_S) as ours:
        if ours:
            _round(time.monotonic() + ROUND_S)


def _round(until: float) -> None:
    """Those that waited longest first. Accounts that do not answer rest ever longer, and of those that did
    not the last time one is asked a round: nobody's agents wait for somebody else's silence."""
    asked_again = None
    # All at once: their connection to the database is given back while a platform is asked.
    for agent in list(_guarded()):
        if time.monotonic() > until:
            return
        rest = rest_of_account(agent)
        if rest.is_on():
            continue
        if rest.failures():
            asked_again = asked_again or agent.connection_id
            if asked_again != agent.connection_id:
                continue
        _look(agent, rest)


def _guarded() -> QuerySet[Agent]:
    return Agent.objects.filter(copy__isnull=False).order_by(F("copy__checked_at").asc(nulls_first=True))


def _look(agent: Agent, rest: Rest) -> None:
    try:
        drift.check(agent, wait_s=0.0)
        rest.end()
        push.catch_up(agent)
    except (Busy, drift.NoCopy, Unpublishable):
        return  # somebody is at it right now, or has to do something: the copy says what
    except PlatformError as error:
        if error.retryable:
            rest.take()
    except PASSING:
        raise
    except Exception as error:
        # By name only, and the others shall not wait for it.
        logger.error("agent %s was not looked at: %s", agent.pk, type(error).__name__)


@shared_task(acks_late=True, ignore_result=True, slow=IN_TURN_S, soft_time_limit=120, time_limit=150)
def catch_up(agent_id: str) -> None:
    """Put the live version on the platform, if it is not there. The next round tries again what fails now."""
    agent = Agent.objects.filter(pk=agent_id).first()
    if agent is None:
        return
    try:
        rest_of(agent).end()
        push.catch_up(agent)
    except (Busy, *PASSING) as error:
        logger.warning("agent %s waits for the next round: %s", agent_id, type(error).__name__)
