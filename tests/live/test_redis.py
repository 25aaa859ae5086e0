"""Whole calls while Redis is slow, or away and back with nothing: the talk goes on, live views recover."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from accounts.models import Role
from agents.llm import router, tools
from calls import parts
from calls.models import Call
from config.asgi import application
from live import process
from simulator import Timing, World
from tests.live.house import House, build, serving, told, until
from tests.live.processes import watching
from tests.people import cookie_of, make_member
from tests.streaming.running import OwnRedis, own_redis

pytestmark = pytest.mark.processes

# No platform that dials again because this machine is busy.
PATIENT = Timing(dial_timeout=30.0, ping_lost=30.0, greeting=30.0, patience=30.0)
LONG = 60.0  # seconds, on a machine that has much else to do


@pytest.fixture
def fragile(settings):
    """A Redis of our own."""
    with own_redis() as server:
        settings.REDIS_URL = settings.REDIS_LOG_URL = server.url
        yield server


@pytest.fixture
async def house(transactional_db, fragile, world) -> AsyncIterator[House]:
    yield await sync_to_async(build)(world)
    await router.close()
    await tools.close()
    await process.close()
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World(seed=1, speed=8, timing=PATIENT) as world:
        yield world


@pytest.fixture
async def address(house) -> AsyncIterator[str]:
    async with serving(application) as address:
        yield address


@sync_to_async
def recorded() -> Call | None:
    return Call.objects.select_related("agent", "version").prefetch_related("turns").first()


async def over() -> Call | None:
    await asyncio.sleep(0.1)  # leave the machine to those we wait for
    call = await recorded()
    return call if call and call.ended_at else None


@sync_to_async
def a_cookie(house: House) -> dict[str, str]:
    name, value = cookie_of(make_member(house.workspace, Role.OPERATOR))
    return {name.decode(): value.decode()}


async def test_a_call_goes_on_while_redis_is_away_and_views_recover_when_it_is_back_empty(
    world, house, address, fragile: OwnRedis
):
    placed = []
    url = f"ws://{address}/voice/retell/{house.agent.key}"
    calling = asyncio.create_task(world.call("power_cut", url, on_placed=placed.append))
    call = await until(recorded, LONG)
    stream = f"http://{address}/live/calls/{call.pk}/stream"
    async with watching(stream, await a_cookie(house)) as watcher:
        await until(lambda: any(part["id"] != "r0" for part in watcher.of("text-delta")), LONG)
        fragile.kill()
        heard, known = len(said_by_agent(placed[0])), await turns()
        # Another question is asked and answered, and both are on record, with no Redis at all.
        await until(lambda: len(said_by_agent(placed[0])) > heard + 1, LONG)
        await until(lambda: has_more_turns(known + 1), LONG)
        await until(lambda: watcher.pulses[-1].get("log") == "away", LONG)
        fragile.start()
        ended = await asyncio.wait_for(calling, 2 * LONG)
        assert ended.disconnection_reason == "user_hangup"
        call = await until(over, LONG)
        rows = {row.key: row for row in call.turns.all()}
        answers = [row for row in rows.values() if row.role == "agent"]
        await until(lambda: (watcher.picture(answers[-1].key) or {}).get("text") == answers[-1].text, LONG)
        await until(lambda: "log" not in watcher.pulses[-1], LONG)

    assert not [row.error for row in rows.values() if row.error]
    assert len(watcher.of("data-reset")) == 1
    assert not watcher.of("data-error")
    since_reset = watcher.parts[watcher.parts.index(watcher.of("data-reset")[0]) :]
    for row in rows.values():
        pictures = [part["data"] for part in since_reset if part.get("id") == row.key and "data" in part]
        assert pictures[-1].get("text", pictures[-1].get("output")) == row.text
    for row in answers:
        assert watcher.words(row.key) in (row.text, "")


def said_by_agent(placed) -> list[str]:
    return placed.said("agent")


async def turns() -> int:
    return (await recorded()).turn_count


async def has_more_turns(count: int) -> bool:
    return await turns() > count


@pytest.mark.soak
async def test_a_redis_that_is_slow_costs_a_call_nothing_and_watchers_no_word(
    world, house, address, fragile: OwnRedis
):
    placed = []
    url = f"ws://{address}/voice/retell/{house.agent.key}"
    calling = asyncio.create_task(world.call("power_cut", url, on_placed=placed.append))
    call = await until(recorded, LONG)
    stream = f"http://{address}/live/calls/{call.pk}/stream"
    async with watching(stream, await a_cookie(house)) as watcher:
        await until(lambda: any(part["id"] != "r0" for part in watcher.of("text-delta")), LONG)
        fragile.pause()
        heard = len(said_by_agent(placed[0]))
        await until(lambda: len(said_by_agent(placed[0])) > heard + 1, LONG)
        fragile.resume()
        ended = await asyncio.wait_for(calling, 2 * LONG)
        assert ended.disconnection_reason == "user_hangup"
        call = await until(over, LONG)
        answers = [row for row in call.turns.all() if row.role == "agent"]
        await until(lambda: (watcher.picture(answers[-1].key) or {}).get("text") == answers[-1].text, LONG)
    shown = await told(parts.topic(call))

    assert not watcher.of("data-reset")
    assert not watcher.of("data-error")
    assert [row.error for row in answers] == [""] * len(answers)
    for row in answers:
        assert watcher.words(row.key) in (row.text, "")
        deltas = [part["delta"] for part in shown if part["type"] == "text-delta" and part["id"] == row.key]
        assert "".join(deltas) == row.text
    assert process.writer().lost_entries == 0
