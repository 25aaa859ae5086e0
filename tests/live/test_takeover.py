"""The process that holds a call is killed or asked to stop, and another one goes on with it."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from accounts.models import Role
from agents.models import ModelCall
from bench.ports import own_port
from calls import parts
from calls.models import Call, Event, Turn
from live import leases, watch
from simulator import Timing, World
from streaming.log import Log
from tests.live.house import GREETING, build, dialled, told, until
from tests.live.processes import (
    a_watch,
    a_web_process,
    answers,
    one_address,
    watching,
)
from tests.people import cookie_of, make_member
from tests.streaming.running import own_redis

pytestmark = pytest.mark.processes

# A web process takes seconds to start; the platform must not give up meanwhile.
STEADY = Timing(dial_gap=0.5, reconnect_gaps=(0.5,) * 60, ping_every=0.5, ping_lost=5.0, patience=20.0)
ASKED = ("user", "Hi, yeah, I think you've taken my payment twice this month.")
LONG, STARTED = 60.0, 180.0  # seconds, on a machine that has much else to do


@sync_to_async
def recorded() -> Call | None:
    return Call.objects.select_related("agent", "version").prefetch_related("turns").first()


async def turn(key: str) -> Turn | None:
    call = await recorded()
    return next((row for row in call.turns.all() if row.key == key), None) if call else None


@sync_to_async
def a_cookie(house) -> dict[str, str]:
    name, value = cookie_of(make_member(house.workspace, Role.OPERATOR))
    return {name.decode(): value.decode()}


@pytest.fixture
async def database(transactional_db) -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
def fragile(settings):
    """A Redis of our own, for us and our processes."""
    with own_redis() as server:
        settings.REDIS_URL = settings.REDIS_LOG_URL = server.url
        yield server


def test_whoever_watches_knows_of_a_death_within_ten_seconds():
    worst = leases.SECONDS + watch.DEAD_SECONDS + watch.FOLLOWER_SECONDS + 2 * watch.TICK_SECONDS

    assert worst < 10


async def test_a_call_goes_on_in_another_process(database):
    # An answer takes seconds, so that it is still given when we have seen it begin.
    async with World(seed=1, speed=12, token_rate=1, timing=STEADY) as world:
        house = await sync_to_async(build)(world)
        port = own_port()
        url = f"ws://127.0.0.1:{port}/voice/retell/{house.agent.key}"
        with a_web_process(port) as first:
            await until(lambda: answers(port), STARTED)
            calling = asyncio.create_task(world.call("refund", url))
            call = await until(recorded)

            async def is_answering():
                shown = await told(parts.topic(call))
                begun = {part["id"] for part in shown if part["type"] == "text-delta"}
                return begun - {"r0"} - {part["id"] for part in shown if part["type"] == "text-end"}

            await until(is_answering)
            first.send_signal(signal.SIGKILL)
            first.wait(timeout=10)
        with a_web_process(port):
            placed = await asyncio.wait_for(calling, 120)

            async def is_over():
                found = await recorded()
                return found if found.ended_at else None

            call = await until(is_over)

    shown = await told(parts.topic(call))
    errors = [part["data"]["type"] for part in shown if part["type"] == "data-error"]
    turns = list(call.turns.all())
    assert placed.disconnection_reason == "user_hangup"
    assert errors == ["interrupted"]
    assert [turn.error for turn in turns].count("interrupted") == 1
    assert sum(turn.key == "r0" for turn in turns) == 1
    assert len({turn.n for turn in turns}) == len(turns)
    assert [turn.text for turn in turns if turn.role == "caller"] == placed.said("user")


@pytest.mark.soak
async def test_watchers_are_told_once_however_it_dies(database, fragile, record_property):
    """Frozen for longer than its lease, and awake again; then killed, with Redis emptied in that moment."""
    servers = {"REDIS_URL": fragile.url, "REDIS_LOG_URL": fragile.url}
    async with World(seed=1, token_rate=8) as world:
        house = await sync_to_async(build)(world)
        here, there = own_port(), own_port()
        with (
            a_web_process(here, **servers) as holder,
            a_web_process(there, **servers),
            a_watch(**servers),
            a_watch(**servers),
        ):
            for port in (here, there):
                await until(lambda port=port: answers(port), STARTED)
            async with dialled(f"127.0.0.1:{here}", house.agent, "call_1") as peer:
                await peer.answered(0)
                call = await recorded()
                stream = f"http://127.0.0.1:{there}/live/calls/{call.pk}/stream"
                async with watching(stream, await a_cookie(house)) as watcher:
                    await peer.ask(1, ("r0", GREETING), ASKED)
                    await until(lambda: watcher.words("r1"), LONG)
                    await until(lambda: has_begun("r1"), LONG)
                    holder.send_signal(signal.SIGSTOP)
                    seconds = [await until_told(watcher, 1)]
                    half = watcher.picture("r1")
                    holder.send_signal(signal.SIGCONT)
                    await peer.answered(1)
                    await until(lambda: watcher.picture("r1")["state"] == "final", LONG)

                    await peer.ask(2, ("r0", GREETING), ASKED)
                    await until(lambda: watcher.words("r2"), LONG)
                    await until(lambda: has_begun("r2"), LONG)
                    holder.kill()
                    await emptied(fragile.url)
                    seconds.append(await until_told(watcher, 2))
                    await until(lambda: (watcher.picture("r2") or {}).get("state") == "interrupted", LONG)

            # Whoever takes the call up now finds nothing left to end.
            async with dialled(f"127.0.0.1:{there}", house.agent, "call_1") as peer:
                await peer.ask(3, ("r0", GREETING), ASKED)
                await peer.answered(3)
            await until(lambda: turn("r3"), LONG)
            call = await recorded()
            shown = await told(parts.topic(call))

    record_property("seconds until watchers knew", seconds)
    print("seconds until watchers knew:", *(f"{each:.1f}" for each in seconds))
    assert (half["state"], half["error"]) == ("interrupted", "interrupted")
    assert watcher.picture("r1")["error"] is None
    assert [part["data"]["type"] for part in watcher.of("data-error")] == ["interrupted"] * 2
    assert all(part["data"]["retryable"] for part in watcher.of("data-error"))
    assert len(watcher.of("data-reset")) == 1
    assert sum(part["type"] == "data-error" for part in shown) == 1  # since Redis was emptied
    assert {row.key: row.error for row in call.turns.all() if row.role == "agent"} == {
        "r0": "", "r1": "", "r2": "interrupted", "r3": "",
    }  # fmt: skip
    failed = [row async for row in ModelCall.objects.filter(error_type="interrupted")]
    assert [(row.model, row.call_id, row.finish) for row in failed] == [("sim-fast", call.pk, "error")] * 2


@sync_to_async
def has_begun(key: str) -> bool:
    return Event.objects.filter(kind="AnswerBegan", turn=key).exists()


async def until_told(watcher, errors: int) -> float:
    """Seconds from now until who watches knows."""
    began = time.monotonic()
    await until(lambda: len(watcher.of("data-error")) == errors, LONG)
    return time.monotonic() - began


async def emptied(url: str) -> None:
    log = Log(url)
    await log.redis.flushall()
    await log.close()


async def test_a_restart_lets_answers_finish_and_calls_go_on(database):
    # An answer takes seconds, so that it is still given when we have seen it begin.
    async with World(seed=1, speed=6, token_rate=2, timing=STEADY) as world:
        house = await sync_to_async(build)(world)
        old, new = own_port(), own_port()
        with a_web_process(old) as leaving, a_web_process(new):
            for port in (old, new):
                await until(lambda port=port: answers(port), STARTED)
            async with one_address([old, new]) as address:
                url = f"ws://{address}/voice/retell/{house.agent.key}"
                calling = asyncio.create_task(world.call("renewal", url))
                call = await until(recorded)
                stream = f"http://{address}/live/calls/{call.pk}/stream"
                async with watching(stream, await a_cookie(house)) as watcher:
                    await until(lambda: any(part["id"] != "r0" for part in watcher.of("text-delta")), LONG)
                    speaking = watcher.of("text-delta")[-1]["id"]
                    leaving.send_signal(signal.SIGTERM)
                    assert await turn(speaking) is None  # it was in mid-answer
                    await asyncio.to_thread(leaving.wait, LONG)
                    placed = await asyncio.wait_for(calling, 120)

                    async def is_over():
                        found = await recorded()
                        return found if found.ended_at else None

                    call = await until(is_over, LONG)
                    rows = {row.key: row for row in call.turns.all()}
                    await until(lambda: watcher.picture(max(rows, key=lambda key: rows[key].n)), LONG)

    assert placed.disconnection_reason == "agent_hangup"  # as its story has it: it was said goodbye to
    assert list(rows.values())[-1].tool_name == "end_call"
    assert leaving.returncode in (0, -signal.SIGTERM)
    # The caller heard all of it, and nobody was told of anything but a call that went on.
    said = {
        entry["metadata"]["response_id"]: entry["content"]
        for entry in placed.entries
        if entry["role"] == "agent"
    }
    assert said[int(speaking[1:])].split() == rows[speaking].text.split()
    assert [row.error for row in rows.values()] == [""] * len(rows)
    assert not watcher.of("data-error")
    assert not watcher.of("data-reset")
    assert watcher.connections >= 2
    assert len(set(watcher.positions)) == len(watcher.positions)
    assert watcher.words(speaking) == rows[speaking].text
    for row in rows.values():
        if row.role == "agent":
            assert watcher.picture(row.key)["text"] == row.text
            assert watcher.words(row.key) in (row.text, "")  # over before they came: told whole
    assert sum(key == "r0" for key in rows) == 1
    assert [row.text for row in call.turns.all() if row.role == "caller"] == placed.said("user")
