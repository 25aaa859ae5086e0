"""Chats end by themselves, and go on when somebody does."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async

from calls.models import Call, Turn
from live.chat import idle
from live.watch import Watch
from tests.live.house import told


@pytest.fixture
async def watch(house):
    """One that waits for nothing, to which whatever was said was said long ago."""
    watch = Watch(dead=0, give_up=0, idle=timedelta(0))
    yield watch
    await watch.close()


async def test_a_chat_at_rest_is_not_given_up_as_a_call_would_be(chatter):
    await chatter.ask()
    watch = Watch(dead=0, give_up=0)

    await watch.look()
    await watch.look()
    await watch.close()

    assert (await Call.objects.aget()).status == "live"


async def test_it_ends_as_of_its_last_word(chatter, watch):
    await chatter.ask()

    await watch.look()

    call = await Call.objects.aget()
    assert (call.status, call.outcome, call.end_reason) == ("ended", "completed", "idle")
    last = await Turn.objects.alatest("n")
    assert 0 <= call.duration_ms - last.end_ms < 5_000


async def test_who_goes_on_finds_it_as_it_was_and_its_watchers_are_told(chatter, watch, model):
    await chatter.ask("Hello?", "u1")
    await watch.look()

    again = await chatter.ask("Still there?", "u2")

    call = await Call.objects.aget()
    assert (call.status, call.turn_count, call.closed_at) == ("live", 4, None)
    assert [m["content"] for m in model.asked("m")[-1].body["messages"][1:]] == [
        "Hello?",
        "Hello.",
        "Still there?",
    ]
    topic = f"ws:{call.workspace_id}:call:{call.pk}"
    shown = await told(topic)
    assert "finish" not in [part["type"] for part in shown]
    assert again.text in [part["data"].get("text") for part in shown if part["type"] == "data-turn"]


async def test_one_that_has_gone_on_meanwhile_is_not_ended(chatter):
    await chatter.ask("Hello?", "u1")
    (chat,) = await sync_to_async(idle.idle)(timedelta(0))
    await chatter.ask("Still there?", "u2")

    assert await sync_to_async(idle.end)(chat) is False
    assert (await Call.objects.aget()).status == "live"
