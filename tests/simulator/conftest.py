import pytest_asyncio

from simulator import Timing, World

# The platform's own clockwork, quicker than life so that tests need not wait for it.
QUICK = Timing(
    dial_gap=0.02, reconnect_gaps=(0.02, 0.02, 0.02, 0.02), ping_every=0.05, ping_lost=0.3, patience=0.5
)


@pytest_asyncio.fixture
async def world():
    async with World(seed=1, speed=40, timing=QUICK) as world:
        yield world
