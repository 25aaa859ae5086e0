"""The director places calls: the same ones for the same seed, several at once, and ends them cleanly."""

import asyncio
import itertools
import re
import socket

import pytest

from simulator import World
from simulator.director import Director, plan
from tests.simulator.conftest import QUICK
from tests.simulator.peer import Peer

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


def test_a_rate_is_kept():
    gaps = [placement.gap for placement in first(200, seed=7, rate=6)]

    assert gaps[0] < 2
    assert sum(gaps) / len(gaps) == pytest.approx(10, rel=0.1)


def test_every_story_is_told_before_one_is_told_again():
    names = [placement.story.name for placement in first(13, seed=7)]

    assert len(set(names)) == 13


def test_agents_take_turns():
    agents = [placement.story.agent for placement in first(8, seed=7)]

    assert len(set(agents[:4])) == 4


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
