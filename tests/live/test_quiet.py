"""Calls that webhooks told of, and tell of no more."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accounts.models import Workspace
from calls import board, parts
from calls.fold import SOCKET, WEBHOOK
from calls.models import Call, Event
from calls.services import Opening, record
from live.quiet import Quiet
from live.watch import Watch
from platforms.events import CallEnded, CallStarted, TurnSpoken
from tests.live.house import told


def quiet_call(workspace: Workspace, ago: timedelta, call_id: str = "call_1", **opening) -> Call:
    """A live call whose last webhook came so long ago."""
    began = timezone.now() - ago
    call = record(
        workspace.pk,
        "retell",
        call_id,
        [CallStarted(began), TurnSpoken("c0", began, "caller", "Hello?", 0, 900, n=1)],
        source=WEBHOOK,
        opening=Opening(began, **{"level": "turn"} | opening),
    )
    Event.objects.filter(call=call).update(created_at=began)
    return call


@pytest.fixture
def workspace(db) -> Workspace:
    return Workspace.objects.create(name="Larkfield Energy")


def test_a_call_without_news_is_asked_about_and_not_again_for_a_while(workspace):
    call = quiet_call(workspace, timedelta(minutes=16))
    quiet_call(workspace, timedelta(minutes=14), "call_2")
    quiet = Quiet()

    assert quiet.due() == ([call], [])
    assert quiet.due() == ([], [])


def test_whatever_is_told_of_it_is_news(workspace):
    call = quiet_call(workspace, timedelta(minutes=16))
    said = TurnSpoken("a0", timezone.now(), "agent", "Hello.", 1_000, 2_000, n=2)
    record(workspace.pk, "retell", "call_1", [said], source=WEBHOOK, opening=Opening(call.started_at))

    assert Quiet().due() == ([], [])


def test_after_a_day_it_is_given_up(workspace):
    call = quiet_call(workspace, timedelta(hours=25))

    assert Quiet().due() == ([], [call])


def test_a_call_whose_socket_opened_later_is_the_leases_concern(workspace):
    call = quiet_call(workspace, timedelta(hours=25))
    record(
        workspace.pk,
        "retell",
        "call_1",
        [CallStarted(call.started_at)],
        source=SOCKET,
        opening=Opening(call.started_at, level="token"),
    )

    assert Quiet().due() == ([], [])


async def test_the_watch_ends_a_call_it_has_lost_sight_of(house):
    call = await sync_to_async(quiet_call)(house.workspace, timedelta(hours=25))
    watch = Watch(dead=0, give_up=0)
    await watch.look()
    await watch.close()

    call = await Call.objects.aget(pk=call.pk)
    assert (call.status, call.end_reason, call.duration_ms) == ("failed", "no_news", 0)
    assert [part["type"] for part in await told(parts.topic(call))][-1] == "finish"
    assert (await told(board.topic(house.workspace.pk)))[-1]["type"] == "data-gone"


async def test_a_platform_that_says_so_after_all_is_believed(house):
    call = await sync_to_async(quiet_call)(house.workspace, timedelta(hours=25))
    watch = Watch(dead=0, give_up=0)
    await watch.look()
    await watch.close()
    ended = CallEnded(call.started_at + timedelta(seconds=40), "user_hangup", "caller_hung_up")

    identity = (house.workspace.pk, "retell", "call_1")
    await sync_to_async(record)(*identity, [ended], source=WEBHOOK, opening=Opening(call.started_at))

    call = await Call.objects.aget(pk=call.pk)
    assert (call.outcome, call.duration_ms) == ("caller_hung_up", 40_000)


async def test_a_call_that_webhooks_tell_of_is_no_orphan(house):
    call = await sync_to_async(quiet_call)(house.workspace, timedelta(minutes=5))
    watch = Watch(dead=0, give_up=0)
    await watch.look()
    await watch.close()

    assert (await Call.objects.aget(pk=call.pk)).status == "live"
