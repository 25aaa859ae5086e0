from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from agents.llm import router, tools
from config.asgi import application
from live import process
from simulator import World
from tests.live.house import QUICK, House, build, serving


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
