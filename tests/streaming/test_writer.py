"""The producer's coalescer."""

import asyncio

import orjson

from streaming import writer as writers
from streaming.entries import Entry
from streaming.log import Log
from streaming.positions import Position
from streaming.writer import Writer
from tests.streaming.running import eventually, own_redis
from tests.streaming.test_consumers import turn


async def kept(log: Log, topic: str) -> list[dict]:
    position = await log.position(topic)
    page = await log.read(topic, Position(position.epoch), 10_000)
    return [orjson.loads(entry.data) for entry in page.entries]


async def test_the_first_word_goes_at_once_and_the_next_wait_for_the_tick(writer, log, topic):
    await writer.log.redis.ping()
    for word in ("a", "b", "c", "d"):
        writer.delta(topic, "r1", "r1", word)
        await asyncio.sleep(0.002)
    await writer.flush(topic)

    parts = await kept(log, topic)
    assert parts[0]["delta"] == "a"
    assert "".join(part["delta"] for part in parts) == "abcd"
    assert len(parts) <= 3


async def test_two_hundred_words_a_second_are_at_most_four_tenths_as_many_entries(writer, log, topic):
    loop = asyncio.get_running_loop()
    start = loop.time()
    for index in range(200):
        writer.delta(topic, "r1", "r1", f"{index} ")
        await asyncio.sleep(max(0, start + index * 0.005 - loop.time()))
    await writer.flush(topic)

    parts = await kept(log, topic)
    assert "".join(part["delta"] for part in parts) == "".join(f"{index} " for index in range(200))
    assert len(parts) <= 80


async def test_order_is_kept_between_words_and_everything_else(writer, log, topic):
    writer.put(topic, Entry({"type": "text-start", "id": "r1"}, group="r1"))
    writer.delta(topic, "r1", "r1", "a")
    writer.delta(topic, "r2", "r2", "x")
    writer.delta(topic, "r1", "r1", "b")
    writer.put(topic, turn("r1", "ab"))
    await writer.flush(topic)

    told = [(part["type"], part["id"], part.get("delta")) for part in await kept(log, topic)]
    assert told == [
        ("text-start", "r1", None),
        ("text-delta", "r1", "a"),
        ("text-delta", "r2", "x"),
        ("text-delta", "r1", "b"),
        ("data-turn", "r1", None),
    ]


async def test_what_is_not_a_word_does_not_wait_for_the_tick(log, topic):
    writer = Writer(tick=60)
    for word in ("a", "b"):
        writer.delta(topic, "r1", "r1", word)
        await writer.flush(topic)
    writer.put(topic, turn("r1", "ab"))

    async def all_is_kept() -> bool:
        return len(await kept(log, topic)) == 3

    await eventually(all_is_kept)
    await writer.close()


async def test_it_tells_what_is_open_again_when_the_log_lost_it(writer, log, topic):
    writer.put(topic, turn("c1", "finished"), Entry({"type": "text-start", "id": "r2"}, group="r2"))
    writer.delta(topic, "r2", "r2", "half ")
    await writer.flush(topic)
    await log.redis.delete(*[f"log:{{{topic}}}:{key}" for key in ("entries", "meta", "latest", "open")])
    writer.delta(topic, "r2", "r2", "an answer")
    await writer.flush(topic)

    parts = await kept(log, topic)
    assert [part["type"] for part in parts] == ["text-start", "text-delta", "text-delta"]
    assert "".join(part.get("delta", "") for part in parts) == "half an answer"


async def test_with_redis_away_it_keeps_what_it_can_and_tells_when_it_could_not(topic, monkeypatch):
    monkeypatch.setattr(writers, "MOST_BYTES", 2000)
    with own_redis() as fragile:
        writer, log = Writer(Log(fragile.url)), Log(fragile.url)
        writer.delta(topic, "r1", "r1", "a")
        writer.delta(f"{topic}-small", "r1", "r1", "a")
        assert await writer.flush()
        before = await log.position(topic)
        fragile.kill()
        for _ in range(100):
            writer.delta(topic, "r1", "r1", "much more than can be kept of one topic ")
            await asyncio.sleep(0)
        writer.delta(f"{topic}-small", "r1", "r1", "b")
        assert not await writer.flush(seconds=0.3)
        assert not writer.healthy
        waiting = writer._topics[topic].bytes
        fragile.start()
        assert await writer.flush(seconds=10)

        assert writer.healthy
        assert writer.lost_entries > 0
        assert waiting <= 2000
        assert (await log.position(topic)).epoch != before.epoch
        small = "".join(part["delta"] for part in await kept(log, f"{topic}-small"))
        assert small == "ab"
        await writer.close()
        await log.close()


async def test_it_forgets_topics_that_are_over(writer, topic, monkeypatch):
    monkeypatch.setattr(writer, "_forgetting", 0.0)
    writer.put(topic, Entry({"type": "finish"}, end=True))
    await writer.flush()
    monkeypatch.setattr(writer, "_forgetting", 0.0)
    writer.delta(f"{topic}-other", "r1", "r1", "a")
    await writer.flush()

    async def is_forgotten() -> bool:
        return topic not in writer._topics

    await eventually(is_forgotten)
    assert f"{topic}-other" in writer._topics
