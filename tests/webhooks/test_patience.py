"""One timer ends whatever takes too long, and nothing else."""

import asyncio

import pytest

from webhooks.patience import Patience


async def taking(patience: Patience, seconds: float) -> str:
    try:
        async with asyncio.timeout(None) as limit:
            patience.begin(limit)
            await asyncio.sleep(seconds)
        return "done"
    except TimeoutError:
        return "too long"
    finally:
        patience.end(limit)


async def test_what_takes_too_long_is_ended_and_what_does_not_is_not():
    patience = Patience(0.2)

    told = await asyncio.gather(taking(patience, 30), taking(patience, 0), taking(patience, 30))

    assert told == ["too long", "done", "too long"]


async def test_it_looks_again_at_what_began_later():
    patience = Patience(0.2)
    assert await taking(patience, 30) == "too long"

    assert await taking(patience, 30) == "too long"


async def test_being_cancelled_is_not_taking_too_long():
    patience = Patience(60)
    task = asyncio.create_task(taking(patience, 30))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
