"""Whoever asks Redis can be told to stop at any moment: a time limit around it is one."""

import asyncio
import time

from django.conf import settings

from base import interruptible

OFTEN = 150  # without our mend every sixth or so is not ended


async def test_a_time_limit_around_questions_ends_them():
    client = interruptible.connect(settings.REDIS_URL)
    late = 0
    for n in range(OFTEN):
        began = time.monotonic()
        try:
            async with asyncio.timeout(0.005 + n * 0.00003):
                while time.monotonic() - began < 1:
                    await client.get("nothing")
                    await asyncio.sleep(0.001)
                late += 1
        except TimeoutError:
            continue
    await client.aclose()

    assert late == 0


async def test_a_connection_that_was_interrupted_does_not_answer_the_next_question():
    client = interruptible.connect(settings.REDIS_URL)
    for n in range(OFTEN):
        task = asyncio.create_task(client.echo(f"before {n}"))
        for _ in range(n % 12):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await client.echo(f"after {n}") == f"after {n}".encode()
    await client.aclose()
