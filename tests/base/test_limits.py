"""So many requests a minute, and never an outage because of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from base import limits
from base.shared import shared
from tests.base.silence import silent_redis


@pytest.fixture
async def patient() -> AsyncIterator[None]:
    """Redis is waited for, however slow this machine is."""
    shared().seconds = 30.0
    yield
    await shared().close()


@pytest.fixture
def people(settings):
    """Somebody on a plan with three requests a minute, and somebody else of the same workspace."""
    settings.RATE_LIMITS = {"free": 3, "pro": 60}
    workspace = uuid4()
    return (workspace, uuid4()), (workspace, uuid4())


async def test_a_person_may_ask_so_often_and_is_told_when_the_next_is_free(patient, people):
    started = time.time()
    told = [await limits.take(*people[0], "free") for _ in range(4)]

    assert [taken.ok for taken in told] == [True, True, True, False]
    assert [taken.remaining for taken in told] == [2, 1, 0, 0]
    refused = told[-1]
    assert 60 - (time.time() - started) <= refused.retry_after_s <= 60
    assert refused.headers() == {
        "X-RateLimit-Limit": "3",
        "X-RateLimit-Remaining": "0",
        "Retry-After": str(refused.retry_after_s),
    }
    assert told[0].headers() == {"X-RateLimit-Limit": "3", "X-RateLimit-Remaining": "2"}


async def test_people_workspaces_and_plans_are_counted_apart(patient, people):
    one, other = people
    for _ in range(3):
        await limits.take(*one, "free")

    assert not (await limits.take(*one, "free")).ok
    assert (await limits.take(*other, "free")).ok
    assert (await limits.take(uuid4(), one[1], "free")).ok
    assert (await limits.take(*one, "pro")).remaining == 59


async def test_those_who_ask_together_share_the_limit(patient, people):
    told = await asyncio.gather(*(limits.take(*people[0], "free") for _ in range(20)))

    assert sum(taken.ok for taken in told) == 3


async def test_a_silent_redis_refuses_nobody_and_is_waited_for_once(people, settings):
    before = skipped_so_far()
    async with silent_redis() as address:
        settings.REDIS_URL = address
        shared().seconds = 0.01

        told = [await limits.take(*people[0], "free") for _ in range(5)]
        await shared().close()

    assert all(taken.ok for taken in told)
    assert skipped_so_far() == before + 5


def skipped_so_far() -> float:
    return REGISTRY.get_sample_value("earshot_rate_limits_skipped_total")
