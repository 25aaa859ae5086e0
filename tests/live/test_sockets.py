"""What becomes of calls when their process is asked to stop."""

import asyncio

import pytest
from asgiref.sync import sync_to_async

from calls.models import Call
from live import leases, process
from tests.live.house import GREETING, dialled, until

ASKED = ("user", "Hi, yeah, I think you've taken my payment twice this month.")
SLOWLY = pytest.mark.parametrize("world", [2], indirect=True)


@sync_to_async
def recorded() -> Call:
    return Call.objects.prefetch_related("turns").get()


async def test_a_call_in_which_nobody_waits_for_us_is_handed_on_at_once(house, address):
    async with dialled(address, house.agent, "call_1") as peer:
        await peer.answered(0)
        await process.hand_on()
        await peer.socket.wait_closed()

    call, client = await recorded(), leases.connect()
    assert peer.socket.close_code == 1012
    assert call.status == "live"
    assert await leases.held(client, [call.pk]) == set()
    await client.aclose()


@SLOWLY
async def test_what_is_being_answered_is_answered_to_its_end(house, address):
    async with dialled(address, house.agent, "call_1") as peer:
        await peer.answered(0)
        await peer.ask(1, ("r0", GREETING), ASKED)
        await until(lambda: peer.text(1))
        handing_on = asyncio.create_task(process.hand_on())
        await peer.ask(2, ("r0", GREETING), ("user", f"{ASKED[1]} Twice!"))
        await peer.answered(2)
        await handing_on
        await peer.socket.wait_closed()

    turns = {turn.key: turn for turn in (await recorded()).turns.all()}
    assert turns["r2"].text == peer.text(2)
    assert (turns["r1"].error, turns["r2"].error) == ("superseded", "")


@SLOWLY
async def test_a_caller_may_hang_up_while_they_are_handed_on(house, address):
    async with dialled(address, house.agent, "call_1") as peer:
        await peer.answered(0)
        await peer.ask(1, ("r0", GREETING), ASKED)
        await until(lambda: peer.text(1))
        handing_on = asyncio.create_task(process.hand_on())
        await peer.close()
        await handing_on

    async def over():
        return (await recorded()).ended_at

    await until(over)


async def test_a_socket_that_opens_too_late_is_handed_on_as_well(house, address):
    await process.hand_on()
    async with dialled(address, house.agent, "call_1") as peer:
        assert await peer.answered(0) == GREETING
        await peer.socket.wait_closed()

    assert peer.socket.close_code == 1012
