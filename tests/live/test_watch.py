"""What happens to calls when nobody is there."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.services import agent_by_key
from calls import board, parts
from live import leases, process
from live.conversation import Conversation
from live.watch import Watch
from platforms.events import CallEnded
from streaming.log import Entry
from tests.live.house import told
from tests.live.left import half_an_answer, kinds, reread, say


async def test_a_call_that_is_held_is_left_alone(begin, watch):
    call = await begin()
    await say(parts.topic(call), *half_an_answer())
    await process.leases().take(call.pk, lost=lambda: None)

    await watch.look()

    assert "data-error" not in kinds(await told(parts.topic(call)))


async def test_a_call_nobody_comes_back_for_is_ended(begin, house):
    call = await begin()
    watch = Watch(dead=0, give_up=0)
    await watch.look()
    await watch.close()

    call = await reread(call)
    assert (call.status, call.end_reason) == ("failed", "connection_lost")
    assert kinds(await told(parts.topic(call)))[-2:] == ["data-call", "finish"]
    cards = await told(board.topic(house.workspace.pk))
    assert cards[-1]["data"]["why"]["text"] == "Connection lost"


async def test_a_call_whose_platform_never_told_how_it_went_is_finished(begin, watch):
    call = await begin(CallEnded(timezone.now() - timedelta(seconds=30)))

    await watch.look()
    await watch.look()

    assert kinds(await told(parts.topic(call))) == ["data-call", "finish"]


async def test_a_card_is_taken_away_a_while_after_its_call(begin, watch, house):
    call = await begin(CallEnded(timezone.now() - timedelta(seconds=9)))

    await watch.look()
    await watch.look()

    for topic in (board.topic(house.workspace.pk), board.facts_topic(house.workspace.pk)):
        assert [(part["type"], part["id"]) for part in await told(topic)] == [("data-gone", str(call.pk))]


async def test_cards_that_were_left_when_nobody_watched_are_swept_away(begin, watch, house):
    call = await begin(CallEnded(timezone.now() - timedelta(hours=2)), ago=7_300)
    left = Entry({"type": "data-card", "id": str(call.pk), "data": {}}, group=f"call-{call.pk}", whole=True)
    await say(board.topic(house.workspace.pk), left)

    await watch.look()

    assert (await told(board.topic(house.workspace.pk)))[-1]["type"] == "data-gone"


async def test_a_call_that_could_not_be_taken_up_is_held_by_nobody(begin, house):
    call = await begin()
    # What no holder of ours leaves behind: nobody can go on from it.
    unreadable = {"type": "data-turn", "id": "r1", "data": {"key": "r1", "role": "agent"}}
    await say(parts.topic(call), Entry(unreadable, group="r1"))
    agent = await agent_by_key(house.agent.key)

    with pytest.raises(KeyError):
        await Conversation.begin(agent, "call_1", _send, lambda: None)

    client = leases.connect()
    assert await leases.held(client, [call.pk]) == set()
    await client.aclose()


async def _send(frame: str) -> None:
    """A platform that takes everything."""


async def test_only_one_of_several_watches_acts(house):
    redis = leases.connect()
    assert await leases.lead(redis, "test watch", "one") is True
    assert await leases.lead(redis, "test watch", "two") is False
    assert await leases.lead(redis, "test watch", "one") is True
    await redis.delete("lease:test watch")
    await redis.aclose()


async def test_whoever_takes_a_call_later_holds_it(begin):
    call, lost = await begin(), []
    held = process.leases()
    first = await held.take(call.pk, lost=lambda: lost.append("first"))
    await held.take(call.pk, lost=lambda: lost.append("second"))
    await held.release(call.pk, first)

    redis = leases.connect()
    assert lost == ["first"]
    assert await leases.held(redis, [call.pk]) == {call.pk}
    await redis.aclose()
