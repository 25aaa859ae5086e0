"""Chats end by themselves, and go on when somebody does."""

import json
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.services import agent_by_id
from calls import fold, services
from calls.models import Call, Event, Turn
from calls.privacy import removing
from calls.services import Opening
from live.chat import idle, record
from live.chat.asked import asked
from live.watch import Watch
from platforms.events import CallAnalyzed
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


@pytest.mark.parametrize("gone", ["words", "chat"])
async def test_who_goes_on_with_one_that_was_removed_is_told(chatter, watch, model, gone):
    await chatter.ask("Hello?", "u1")
    await watch.look()
    call = await Call.objects.aget()
    if gone == "words":
        await Call.objects.aupdate(words_removed_at=timezone.now())
    else:
        await sync_to_async(removing.remove)(call.workspace_id, [call.pk])

    refused = await chatter.refused("Still there?", "u2")

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    assert "has been removed" in refused.json()["error"]["message"]
    assert len(model.requests) == 1


async def test_what_is_read_out_of_it_keeps_nothing_going(chatter, watch):
    await chatter.ask()
    call, last = await Call.objects.aget(), await Event.objects.alatest("created_at")
    read = [CallAnalyzed(timezone.now(), summary="They said hello.")]
    opening = Opening(call.started_at)
    tell = sync_to_async(services.record)
    await tell(call.workspace_id, "chat", "chat-1", read, source=fold.READER, opening=opening)
    after = timezone.now() - last.created_at

    assert await sync_to_async(idle.idle)(after)
    assert await sync_to_async(idle.end)(call, after)
    ended = await Event.objects.aget(kind="CallEnded")
    assert ended.at == last.created_at


async def test_who_freezes_with_a_chat_in_hand_loses_it(chatter):
    """The database ends their transaction, or nobody could go on with the chat."""
    agent = await agent_by_id(chatter.house.workspace.pk, chatter.house.agent.pk)
    wanted = asked(json.dumps(chatter.body()).encode())

    def look() -> list[bool]:
        seen = []
        for step in (
            lambda: record.open_chat(agent, wanted, None, ""),
            lambda: record.ask(Call.objects.get().pk, wanted, agent, True),
            lambda: idle.end(Call.objects.get(), timedelta(0)),
        ):
            with CaptureQueriesContext(connection) as queries:
                step()
            seen.append(any("idle_in_transaction_session_timeout" in one["sql"] for one in queries))
        return seen

    assert await sync_to_async(look)() == [True, True, True]


async def test_one_that_has_gone_on_meanwhile_is_not_ended(chatter):
    await chatter.ask("Hello?", "u1")
    (chat,) = await sync_to_async(idle.idle)(timedelta(0))
    await chatter.ask("Still there?", "u2")

    assert await sync_to_async(idle.end)(chat) is False
    assert (await Call.objects.aget()).status == "live"
