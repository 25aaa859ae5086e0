"""What a rule has done about a call: told to whoever holds it, or to the model's ear."""

import asyncio

from asgiref.sync import sync_to_async

from agents.services import publish
from calls.models import Call, Turn
from live import leases
from live.escalations import Escalations
from live.orders import END, Order, give
from live.whispers import told_before, whispered
from streaming.log import Log
from tests.agents.rules.made import rule
from tests.live.house import GREETING, dialled, until
from tests.live.scenes import BEGAN, at
from tests.live.test_conversation import ended, url


async def test_a_rule_ends_a_call_with_the_last_word(house, address, world):
    goodbye = {"do": "end", "say": "I have to end this call. Goodbye."}
    rules = [rule("phrase", phrases=["third time"], do=goodbye)]
    await sync_to_async(publish)(house.agent, rules=rules)
    client, log = leases.connect(), Log()
    escalations = Escalations(client, log)

    async def watch() -> None:
        while True:
            await escalations.look()
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    try:
        placed = await world.call("angry", url(address, house))
        call = await ended(placed.id)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await client.aclose()
        await log.close()

    assert placed.disconnection_reason == "agent_hangup"
    assert [(alert["rule"], alert["done"]) for alert in call.alerts] == [("r1", "end")]
    last = [turn for turn in call.turns.all() if turn.role == "agent"][-1]
    assert (last.key[0], last.text) == ("i", "I have to end this call. Goodbye.")


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
