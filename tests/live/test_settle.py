"""What becomes of a call once it has ended."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connection
from django.utils import timezone

from calls import services
from calls.fold import SOCKET
from calls.models import Call
from calls.services import Opening
from config.celery import app
from live import tasks
from live.settle import settle
from platforms.events import CallEnded, CallStarted


@pytest.fixture
def ended(house):
    """`await ended()` is a call that its socket saw end, of an account that may be set up wrong."""

    def make(**account) -> Call:
        for name, value in account.items():
            setattr(house.connection, name, value)
        house.connection.save()
        began = timezone.now() - timedelta(seconds=9)
        opening = Opening(
            started_at=began,
            level="token",
            agent_id=house.agent.pk,
            connection_id=house.connection.pk if house.connection.name else None,
        )
        events = [CallStarted(began), CallEnded(timezone.now())]
        return services.record_quietly(
            house.workspace.pk, "retell", "call_1", events, source=SOCKET, opening=opening
        ).call

    return sync_to_async(make)


@sync_to_async
def is_finished(call: Call) -> bool:
    return Call.objects.get(pk=call.pk).closed_at is not None


async def test_a_platform_that_is_away_is_asked_again(ended):
    call = await ended(base_url="http://127.0.0.1:9")

    assert await sync_to_async(settle)(call.pk) is False
    assert not await is_finished(call)


async def test_the_last_time_of_asking_finishes_it_all_the_same(ended):
    call = await ended(base_url="http://127.0.0.1:9")

    assert await sync_to_async(settle)(call.pk, last=True) is False
    assert await is_finished(call)


async def test_a_platform_that_does_not_know_the_call_is_asked_once(ended):
    call = await ended()

    assert await sync_to_async(settle)(call.pk) is True
    assert await is_finished(call)


async def test_a_call_of_no_account_is_finished_at_once(ended):
    call = await ended(name="")

    await sync_to_async(tasks.conclude)(call)

    assert await is_finished(call)


@pytest.fixture
def no_database(db):
    """The database is away."""

    def refuse(*_args):
        raise OperationalError("the connection is closed")

    with connection.execute_wrapper(refuse):
        yield


def test_a_database_that_is_away_is_waited_for(no_database, caplog):
    result = tasks.settle_call.apply(("01a1fdd9-783e-701e-a6ff-012e3b7a1133",))

    assert isinstance(result.result, OperationalError)
    assert caplog.text.count("cannot be settled now: OperationalError") == tasks.TRIES + 1


def test_workers_know_the_task():
    assert tasks.settle_call.name in app.tasks
