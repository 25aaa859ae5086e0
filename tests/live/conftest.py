from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from accounts.models import Workspace
from agents.llm import router, tools
from agents.models import Agent
from agents.services import publish
from config.asgi import application
from live import leases, process
from live.escalations import Escalations
from live.watch import Watch
from simulator import World
from streaming.log import Log
from tests.live.house import QUICK, House, build, serving
from tests.live.left import make_call
from tests.live.ruled import RULES


@pytest.fixture
async def world(request) -> AsyncIterator[World]:
    """Forty times as fast as life, or as fast as the test asks for."""
    async with World(seed=1, speed=getattr(request, "param", 40), timing=QUICK) as world:
        yield world


@pytest.fixture
async def house(transactional_db, world) -> AsyncIterator[House]:
    yield await sync_to_async(build)(world)
    await router.close()
    await tools.close()
    await process.close()
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def address(house) -> AsyncIterator[str]:
    async with serving(application) as address:
        yield address


@pytest.fixture
async def watch(house) -> AsyncIterator[Watch]:
    """A watch that waits for nothing."""
    watch = Watch(dead=0, give_up=3600)
    yield watch
    await watch.close()


@pytest.fixture
def begin(house) -> Callable[..., Any]:
    """`await begin(*events)` makes a call that is left alone."""
    return sync_to_async(partial(make_call, house))


@pytest.fixture
def agent(transactional_db) -> Agent:
    """With every kind of rule."""
    workspace = Workspace.objects.create(name="Larkfield Energy")
    agent = Agent.objects.create(workspace=workspace, name="Odell", topic="Billing")
    publish(agent, prompt="You answer questions about bills.", language="en-GB", rules=RULES)
    return agent


@pytest.fixture
async def log() -> AsyncIterator[Log]:
    log = Log()
    yield log
    await log.close()


@pytest.fixture
async def watching(log) -> AsyncIterator[Callable[[], Escalations]]:
    """`watching()` follows the rules of all calls, from now on."""
    client = leases.connect()
    yield lambda: Escalations(client, log)
    await process.close()
    await client.aclose()
    await sync_to_async(connections.close_all)()
