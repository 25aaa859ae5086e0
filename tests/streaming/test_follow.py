"""A topic heard by a coroutine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import orjson
import pytest

from streaming import hub
from streaming.entries import Entry
from streaming.follow import Heard, follow
from tests.streaming.running import eventually


class Ear:
    def __init__(self, topic: str) -> None:
        self.heard: list[Heard] = []
        self._task = asyncio.create_task(self._listen(topic))

    async def _listen(self, topic: str) -> None:
        async with aclosing(follow(topic, pause=0.1)) as told:
            async for heard in told:
                self.heard.append(heard)

    @property
    def words(self) -> str:
        """All that was said, as far as it was heard since it was told anew."""
        said = ""
        for heard in self.heard:
            said = "" if heard.anew else said
            parts = [orjson.loads(item.data) for item in heard.items]
            said += "".join(part["delta"] for part in parts if part["type"] == "text-delta")
        return said

    async def hears(self, words: str) -> None:
        async def is_heard() -> bool:
            return self.words == words

        await eventually(is_heard)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@pytest.fixture
async def ear(topic) -> AsyncIterator[Ear]:
    ear = Ear(topic)
    yield ear
    await ear.close()
    await hub.current().close()


async def test_it_hears_what_was_said_before_it_came_and_then_every_word(topic, writer):
    writer.delta(topic, "r1", "r1", "a")
    await writer.flush(topic)
    ear = Ear(topic)
    await ear.hears("a")

    for word in "bcdefgh":
        writer.delta(topic, "r1", "r1", word)
        await asyncio.sleep(0.01)

    await ear.hears("abcdefgh")
    assert [heard.anew for heard in ear.heard].count(True) == 1
    await ear.close()
    await hub.current().close()


async def test_silence_is_said(ear):
    async def is_said() -> bool:
        return bool(ear.heard[1:]) and not ear.heard[-1].items

    await eventually(is_said)


async def test_a_log_that_was_lost_is_told_anew(topic, writer, ear, log):
    writer.put(topic, Entry({"type": "text-start", "id": "r1"}, group="r1"))
    writer.delta(topic, "r1", "r1", "ab")
    await ear.hears("ab")

    await log.redis.flushdb()
    writer.delta(topic, "r1", "r1", "c")

    await ear.hears("abc")
    assert sum(heard.anew for heard in ear.heard) == 2


async def test_a_topic_that_was_finished_begins_anew(topic, writer, ear, log):
    writer.put(topic, Entry({"type": "finish"}, end=True))
    await writer.flush(topic)
    assert (await log.position(topic)).end

    writer.renew(topic)
    writer.delta(topic, "r2", "r2", "x")

    await ear.hears("x")
    assert not (await log.position(topic)).end
