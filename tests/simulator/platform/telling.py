"""A world that tells receivers of its calls."""

import asyncio
import contextlib

from simulator import World
from tests.simulator.conftest import QUICK


@contextlib.asynccontextmanager
async def telling(*targets, timing=QUICK, **options):
    async with World(seed=1, speed=60, timing=timing, webhooks=targets, **options) as world:
        yield world


async def until(true, seconds=5):
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def signed_at(attempt):
    return int(attempt.signature.split(",")[0].removeprefix("v="))
