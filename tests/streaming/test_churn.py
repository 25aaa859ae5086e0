"""Every reader's text is the source's, whatever breaks in between: two web processes behind a proxy, Redis of
their own, and two hundred readers that fail at the first gap or repeat.

EARSHOT_CHURN_SEED repeats a run as far as it can be repeated: what is said, what is chosen, what breaks when.
"""

import asyncio
import os
import random
from collections import Counter
from uuid import uuid4

import pytest
import uvloop
from django.conf import settings

from tests.streaming.churn.faults import Faults
from tests.streaming.churn.house import House
from tests.streaming.churn.proxy import Proxy
from tests.streaming.churn.reader import Reader
from tests.streaming.churn.source import Source
from tests.streaming.running import OwnRedis, eventually, own_redis

READERS = 200
WEBS = 2
MAX_SECONDS = "15"  # so that planned ends are among what happens
SETTLED_WITHIN_S = 90
SHORT_S = 4
LONG_S = int(os.environ.get("EARSHOT_CHURN_SECONDS") or 600)
GROWN_AT_MOST_KB = 8192

pytestmark = pytest.mark.processes


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("EARSHOT_CHURN_SEED") or random.SystemRandom().randrange(10**9))


@pytest.fixture
def redis():
    with own_redis(durable=True) as server:
        yield server


def test_every_reader_sees_everything_once(seed, redis):
    run(seed, redis, lambda churn: churn.short())


@pytest.mark.soak
def test_every_reader_sees_everything_once_for_minutes(seed, redis):
    run(seed, redis, lambda churn: churn.long())


def run(seed: int, redis: OwnRedis, form) -> None:
    churn = Churn(seed, redis)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(churn.run(form))
    except BaseException:
        print(f"EARSHOT_CHURN_SEED={seed} repeats it.")
        raise
    finally:
        print(f"\nseed {seed}: {churn}")


class Churn:
    """One run: all that takes part in it, and what comes of it."""

    def __init__(self, seed: int, redis: OwnRedis) -> None:
        self.chance = random.Random(seed)
        self.redis = redis
        self.source = Source(
            f"churn:{uuid4().hex}", redis.url, settings.REDIS_URL, self.chance.getrandbits(32)
        )
        self.readers: list[Reader] = []
        self.faults: Faults | None = None
        self.grown_kb: int | None = None

    def __str__(self) -> str:
        met = sum((reader.met for reader in self.readers), Counter())
        return (
            f"{self.source.words} words, {self.source.pictures} pictures, {self.source.over} calls over;"
            f" readers met {dict(met)}; faults {dict(Counter(self.faults.done)) if self.faults else {}};"
            f" grown by {self.grown_kb} KB"
        )

    async def run(self, form) -> None:
        self.proxy = Proxy(random.Random(self.chance.random()))
        self.house = House(
            self.proxy,
            WEBS,
            REDIS_LOG_URL=self.redis.url,
            REDIS_URL=settings.REDIS_URL,
            STREAM_MAX_SECONDS=MAX_SECONDS,
            MALLOC_ARENA_MAX="1",
            MALLOC_MMAP_THRESHOLD_="32768",
        )
        self.faults = Faults(self.house, self.redis, random.Random(self.chance.random()))
        await self.proxy.open()
        try:
            await self.house.open()
            self.source.start()
            await asyncio.to_thread(self.source.ready.wait, 30)
            await self._watch(form)
            await eventually(self._holds_nothing, 30)
        finally:
            self.source.stop()
            await self.proxy.close()
            await self.house.close()

    async def _watch(self, form) -> None:
        async with asyncio.TaskGroup() as group:
            reading = [self._add_reader(group, number) for number in range(READERS)]
            await form(self)
            self.proxy.calm()
            self.source.stop()
            await asyncio.to_thread(self.source.join, SETTLED_WITHIN_S)
            if self.source.failure:
                raise self.source.failure
            assert not self.source.is_alive()
            await asyncio.wait(reading, timeout=SETTLED_WITHIN_S)
            late = [reader for reader, task in zip(self.readers, reading, strict=True) if not task.done()]
            assert not late, "\n".join(reader.story() for reader in late)

    async def short(self) -> None:
        await self.faults.run(SHORT_S)

    async def long(self) -> None:
        """In the second half one process is left alone; once warm, it must not grow."""
        await self.faults.run(LONG_S / 2)
        await self.faults.run(LONG_S / 10, spared=0)
        before = self.house.webs[0].memory_kb()
        await self.faults.run(LONG_S * 4 / 10, spared=0)
        self.grown_kb = self.house.webs[0].memory_kb() - before
        assert self.grown_kb < GROWN_AT_MOST_KB

    def _add_reader(self, group: asyncio.TaskGroup, number: int) -> asyncio.Task:
        chance = random.Random(self.chance.random())
        reader = Reader(f"reader-{number}", self.proxy.port, self.source, self.faults, chance)
        self.readers.append(reader)
        return group.create_task(reader.run(), name=reader.name)

    async def _holds_nothing(self) -> bool:
        held = [await self.house.held(place) for place in range(WEBS)]
        return all(each["connections"] == each["feeds"] == 0 for each in held)
