"""The director places calls: the same ones for the same seed, several at once, and ends them cleanly."""

import asyncio
import itertools
import re
import socket

import pytest

from simulator import World
from simulator.director import UNANSWERED_EVERY, Director, plan
from simulator.platform.studio import agent_id
from tests.simulator.conftest import QUICK
from tests.simulator.peer import Peer
from tests.simulator.receiver import Receiver

DRAMA = re.compile(r"\+447700900\d{3}|\+1\d{3}55501\d{2}")


def first(count, **options):
    return list(itertools.islice(plan(**options), count))


def test_the_same_seed_gives_the_same_calls():
    assert first(100, seed=3) == first(100, seed=3)
    assert first(100, seed=3) != first(100, seed=4)


def test_several_calls_are_placed_within_ten_seconds():
    gaps = [placement.gap for placement in first(6, seed=7)]

    assert gaps[0] < 2
    assert sum(gaps) < 10


def test_a_crowd_is_kept():
    placements = first(100, seed=7, crowd=2)

    assert {placement.crowd for placement in placements[2:] if not placement.story.hosted} == {2, 3}


def test_a_rate_is_kept():
    gaps = [placement.gap for placement in first(200, seed=7, rate=6)]

    assert gaps[0] < 2
    assert sum(gaps) / len(gaps) == pytest.approx(10, rel=0.1)


def test_every_story_is_told_before_one_is_told_again():
    placements = first(18, seed=7)
    names = [placement.story.name for placement in placements if not placement.story.hosted]
    hosted = [placement.story.name for placement in placements if placement.story.hosted]

    assert len(set(names[:13])) == 13
    assert len(set(hosted)) == len(hosted) == 3


def test_agents_take_turns():
    agents = [placement.story.agent for placement in first(8, seed=7)]

    assert len(set(agents[:4])) == 4


def test_one_call_in_six_is_of_an_agent_the_platform_hosts():
    placements = first(600, seed=7)

    assert sum(placement.story.hosted for placement in placements) == 100
    assert any(placement.story.hosted for placement in placements[:6])
    assert {placement.story.agent for placement in placements if placement.story.hosted} == {"Vera", "Nell"}


def test_one_in_twelve_of_those_it_calls_is_not_reached():
    outbound = [placement for placement in first(600, seed=7) if placement.story.direction == "outbound"]
    unanswered = [placement.never for placement in outbound if placement.never]

    assert len(unanswered) == pytest.approx(len(outbound) / UNANSWERED_EVERY, abs=1)
    assert set(unanswered) == {"dial_no_answer", "dial_busy", "dial_failed"}
    assert not any(placement.never for placement in first(600, seed=7) if placement not in outbound)


def test_numbers_are_those_kept_for_drama():
    for placement in first(300, seed=5):
        assert DRAMA.fullmatch(placement.caller)
        assert placement.numbers.index(placement.caller) == (placement.story.direction == "outbound")


async def test_it_places_as_many_calls_as_asked_and_says_so(capsys):
    said = []
    async with World(seed=2, speed=200, timing=QUICK) as world, Peer() as peer:
        agents = {name: f"{peer.url}/{name}" for name in ("Odell", "Juno", "Iris", "Penn")}
        await Director(world, agents, calls=4, say=said.append).run()

    assert len({path.rsplit("/", 1)[1] for path in peer.paths}) == 4
    assert {path.split("/")[3] for path in peer.paths} == {"Odell", "Juno", "Iris", "Penn"}
    assert sum(" placed: " in line for line in said) == 4
    assert sum(" ended after " in line for line in said) == 4


async def test_hosted_calls_need_somebody_who_is_told_of_them():
    said = []
    async with World(seed=2, speed=200, timing=QUICK) as world, Peer() as peer:
        await Director(world, {"Odell": peer.url}, calls=6, say=said.append).run()

    assert not any(name in line for line in said for name in ("Vera", "Nell"))


async def test_hosted_calls_are_told_of_by_webhook_and_dial_no_socket():
    async with (
        Receiver() as receiver,
        World(seed=2, speed=200, timing=QUICK, webhooks=[receiver.target()]) as world,
        Peer() as peer,
    ):
        await Director(world, {"Odell": peer.url}, calls=6).run()
        await world.webhooks.settled()

    ended = {attempt.call["call_id"]: attempt.call["agent_name"] for attempt in receiver.of("call_ended")}
    assert sorted(ended.values()) == ["Nell", *["Odell"] * 5]
    dialled = {path.rsplit("/", 1)[1] for path in peer.paths}
    assert dialled == {call_id for call_id, agent in ended.items() if agent == "Odell"}
    assert receiver.of("call_started")[0].call["agent_id"] == agent_id("Odell")


async def test_it_keeps_a_crowd_live():
    async with World(seed=2, speed=40, timing=QUICK) as world, Peer() as peer:
        directing = asyncio.create_task(Director(world, {"Odell": peer.url}).run())
        most = 0
        async with asyncio.timeout(10):
            while len(peer.paths) < 9:
                await asyncio.sleep(0.01)
                most = max(most, len(world.phone.live))
        directing.cancel()
        await asyncio.gather(directing, return_exceptions=True)

        assert 5 <= most <= 7
        assert world.phone.live == {}


async def test_it_waits_for_somebody_to_listen():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
    said = asyncio.Queue()
    async with World(seed=2, speed=200, timing=QUICK) as world:
        url = f"ws://127.0.0.1:{port}/voice/secret"
        directing = asyncio.create_task(Director(world, {"Odell": url}, calls=1, say=said.put_nowait).run())
        async with asyncio.timeout(10):
            assert await said.get() == f"Waiting for 127.0.0.1:{port} to answer."
            listening = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", port)
            assert " placed: " in await said.get()
            await directing
        listening.close()
