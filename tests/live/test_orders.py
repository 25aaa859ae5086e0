"""What a rule has done about a call: told to whoever holds it, or to the model's ear."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from agents.services import publish
from base.ids import uuid7
from calls.models import Call, Turn
from live import leases
from live.escalations import Escalations
from live.orders import END, HOLDERS, REREAD, Order, Orders, give
from live.whispers import told_before, whispered
from streaming.log import Log
from tests.agents.rules.made import rule
from tests.live.house import GREETING, PATIENCE_S, dialled, until
from tests.live.scenes import BEGAN, at
from tests.live.test_conversation import ended, recorded, url
from tests.live.test_versions import models


@pytest.fixture
async def followed(house) -> AsyncIterator[None]:
    """Rules are followed, as the watch does, but without a pause."""
    client, log = leases.connect(), Log()
    escalations = Escalations(client, log)

    async def watch() -> None:
        while True:
            await escalations.look()
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    yield
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await client.aclose()
    await log.close()


async def test_a_rule_ends_a_call_with_the_last_word(house, address, world, followed):
    goodbye = {"do": "end", "say": "I have to end this call. Goodbye."}
    rules = [rule("phrase", phrases=["third time"], do=goodbye)]
    await sync_to_async(publish)(house.agent, rules=rules)

    placed = await world.call("angry", url(address, house))
    call = await ended(placed.id)

    assert placed.disconnection_reason == "agent_hangup"
    assert [(alert["rule"], alert["done"]) for alert in call.alerts] == [("r1", "end")]
    last = [turn for turn in call.turns.all() if turn.role == "agent"][-1]
    assert (last.key[0], last.text) == ("i", "I have to end this call. Goodbye.")


async def test_a_rule_hands_a_call_over(house, address, followed):
    over = {"do": "transfer", "to": "+442079460000", "say": "I am putting you through to a colleague."}
    await sync_to_async(publish)(house.agent, rules=[rule("phrase", phrases=["third time"], do=over)])

    async with dialled(address, house.agent, "call_1") as peer:
        await peer.answered(0)
        await peer.ask(1, ("user", "This is the third time I call."))
        (frame, *_) = await until(
            lambda: [one for one in peer.of("agent_interrupt") if one["content_complete"]]
        )

    assert (frame["content"], frame["transfer_number"]) == (over["say"], over["to"])
    call = await recorded("call_1")
    assert [(alert["rule"], alert["done"]) for alert in call.alerts] == [("r1", "transfer")]


async def test_a_model_is_told_what_a_rule_whispers_with_its_next_request_and_no_other(
    house, address, followed
):
    whisper = {"do": "whisper", "say": "Offer them a colleague."}
    rules = [rule("asks_for_person", "asks", do=whisper, cooldown_s=86_400)]
    await sync_to_async(publish)(house.agent, rules=rules)
    said = [("user", "I want to talk to a person.")]
    async with models(house) as vendors, dialled(address, house.agent, "call_1") as peer:

        def told() -> list[bool]:
            return [whisper["say"] in seen.body["messages"][0]["content"] for seen in vendors.requests]

        async def asked() -> list[bool]:
            response = len(vendors.requests) + 1
            await peer.ask(response, *said)
            words = await peer.answered(response)
            said.extend([(f"r{response}", words), ("user", "Go on.")])
            return told()

        await peer.answered(0)
        # It fires on words that are being answered already.
        assert await asked() == [False]
        async with asyncio.timeout(PATIENCE_S):
            while not any(told()):
                await asked()
        assert (await asked()).count(True) == 1


async def test_an_order_of_another_release_stops_no_other(house):
    got: list[Order] = []
    call, here = uuid7(), Orders()
    here.hold(call, got.append)
    order = Order(str(call), REREAD)

    async def heard() -> list[Order]:
        odd = {"type": "order", "call": str(call), "do": "sing", "loudly": True}
        await get_channel_layer().group_send(HOLDERS, odd)
        await give(order)
        return got

    await until(heard)
    await here.close()
    assert set(got) == {order}


async def test_an_end_that_the_caller_spoke_over_is_ordered_again(house, address):
    async with dialled(address, house.agent, "call_1") as peer:
        await peer.answered(0)
        order = Order(str((await Call.objects.aget()).pk), END, say="Goodbye.")

        async def ended_by_us():
            await give(order)
            return peer.of("agent_interrupt")

        before = len(await until(ended_by_us))
        await peer.ask(1, ("r0", GREETING), ("user", "Wait, one more thing."))
        await until(lambda: len(peer.of("agent_interrupt")) > before)

    last = peer.of("agent_interrupt")[-1]
    assert (last["content"], last["end_call"]) == ("Goodbye.", True)
    assert peer.responses(1) == []


def test_a_whisper_goes_into_the_next_answer_and_into_no_other():
    fired = {"rule": "r1", "occurrence": 1, "at": at(5_000).isoformat()}
    alert = fired | {"done": "whisper", "say": "Offer a colleague."}
    flag = fired | {"rule": "r2", "done": "alert", "say": ""}
    call = Call(started_at=BEGAN, alerts=[alert, flag])
    before, after = Turn(role="agent", start_ms=4_000), Turn(role="agent", start_ms=6_000)

    assert whispered(call, told_before(call, [before])).endswith("\n- Offer a colleague.")
    assert whispered(call, told_before(call, [before, after])) == ""
    assert whispered(call, {("r1", 1)}) == ""
    assert whispered(Call(started_at=BEGAN), set()) == ""
