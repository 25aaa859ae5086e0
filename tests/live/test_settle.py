"""What becomes of a call once it has ended."""

import json
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connection
from django.utils import timezone

from calls import parts, services
from calls.fold import SOCKET, WEBHOOK
from calls.models import Call
from calls.services import Opening
from config.celery import app
from live import tasks
from live.settle import settle
from platforms.events import CallAnalyzed, CallEnded, CallStarted
from platforms.retell.calls import events_of
from tests.live.house import serving, told
from tests.platforms.retell.payloads import CALL


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


async def knows(scope, receive, send) -> None:
    """A platform that has one call, and it has ended."""
    head = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
    await send(head)
    await send({"type": "http.response.body", "body": json.dumps(CALL).encode()})


@pytest.fixture
async def told_by_webhooks(house):
    """`await told_by_webhooks(over=…)` is a call by webhooks, whose platform says that it has ended."""
    async with serving(knows) as address:
        house.connection.base_url = f"http://{address}"
        await house.connection.asave()

        def make(*, over: bool) -> Call:
            events = events_of(CALL, heard_at=timezone.now(), over=over)
            events = [event for event in events if over or not isinstance(event, CallAnalyzed)]
            opening = Opening(timezone.now(), level="turn", connection_id=house.connection.pk)
            return services.record(
                house.workspace.pk, "retell", CALL["call_id"], events, source=WEBHOOK, opening=opening
            )

        yield sync_to_async(make)


@sync_to_async
def shown(call: Call) -> dict:
    call = Call.objects.select_related("agent", "version").get(pk=call.pk)
    pictures = [parts.turn_part(turn) for turn in call.turns.all()]
    facts = parts.call_part(call)["data"] | {"revision": 0}
    return facts | {"summary": call.summary, "closed_at": call.closed_at, "pictures": pictures}


async def test_asking_after_webhooks_told_it_all_changes_nothing(told_by_webhooks):
    call = await told_by_webhooks(over=True)
    before, watched = await shown(call), await told(parts.topic(call))

    assert await sync_to_async(settle)(call.pk) is True

    assert await shown(call) == before
    assert await told(parts.topic(call)) == watched
    assert watched[-1]["type"] == "finish"


async def test_an_end_nobody_told_of_is_found_by_asking(told_by_webhooks):
    call = await told_by_webhooks(over=False)
    assert (await shown(call))["status"] == "live"

    await sync_to_async(tasks.look_up_call.apply)((str(call.pk),))

    record = await shown(call)
    assert (record["outcome"], record["turns"]) == ("caller_hung_up", 5)
    assert (await told(parts.topic(call)))[-1]["type"] == "finish"
