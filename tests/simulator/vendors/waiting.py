import asyncio


async def until(true, seconds=3.0):
    """Wait for something another task is about to do."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - counters of another task have no event
            await asyncio.sleep(0.005)
