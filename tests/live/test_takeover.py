"""The process that holds a call is killed, and another one goes on with it."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections

from calls import parts
from calls.models import Call
from config.env import BASE_DIR
from simulator import Timing, World
from tests.live.house import build, told, until

pytestmark = pytest.mark.processes

# A web process takes seconds to start; the platform must not give up meanwhile.
STEADY = Timing(dial_gap=0.5, reconnect_gaps=(0.5,) * 60, ping_every=0.5, ping_lost=5.0, patience=20.0)


def database_url() -> str:
    """The tests' own database, as another process names it."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


@contextlib.contextmanager
def a_web_process(port: int) -> Iterator[subprocess.Popen]:
    environment = os.environ | {"DATABASE_URL": database_url()}
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=BASE_DIR, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)


async def answers(port: int) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            return (await client.get(f"http://127.0.0.1:{port}/live/stream")).status_code == 401
        except httpx.HTTPError:
            return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@sync_to_async
def recorded() -> Call | None:
    return Call.objects.select_related("agent", "version").prefetch_related("turns").first()


@pytest.fixture
async def database(transactional_db) -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


async def test_a_call_goes_on_in_another_process(database):
    async with World(seed=1, speed=12, timing=STEADY) as world:
        house = await sync_to_async(build)(world)
        port = free_port()
        url = f"ws://127.0.0.1:{port}/voice/retell/{house.agent.key}"
        with a_web_process(port) as first:
            await until(lambda: answers(port), 60)
            calling = asyncio.create_task(world.call("refund", url))
            call = await until(recorded)

            async def is_answering():
                shown = await told(parts.topic(call))
                return any(part["type"] == "text-delta" and part["id"] != "r0" for part in shown)

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
