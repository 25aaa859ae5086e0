"""Redis is not what it was: promoted, demoted, put back by a second. One reset, then live."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import orjson
import pytest

from base.embedded import places
from streaming.log import Log
from streaming.writer import Writer
from tests.streaming.client import Call, Stream
from tests.streaming.nodes import Node, a_pair
from tests.streaming.relay import Relay
from tests.streaming.running import own_redis, web
from tests.streaming.test_consumers import turn, words
from tests.streaming.test_faults import read_until, say

pytestmark = pytest.mark.processes


@pytest.fixture
def pair(tmp_path) -> Iterator[tuple[Node, Node]]:
    with a_pair(tmp_path) as pair:
        yield pair


@pytest.fixture
async def address(pair) -> AsyncIterator[Relay]:
    """What clients know of the pair; what is behind it may be moved."""
    async with Relay(pair[0].dial) as address:
        yield address


@contextmanager
def a_server_and_its_writer(url: str) -> Iterator[tuple[int, Writer]]:
    with web("uvicorn", REDIS_LOG_URL=url) as port:
        yield port, Writer(Log(url))


async def fail_over_in_mid_sentence(address: Relay, topic: str, fail_over) -> Call:
    """Somebody is speaking, and somebody watches that and two silent topics besides."""
    names = [topic, f"{topic}-silent", f"{topic}-empty"]
    with a_server_and_its_writer(address.url) as (port, writer):
        call = Call()
        writer.put(names[1], turn("c1", "said before"))
        async with Stream(port, topic=names, tagged=1) as stream:
            await read_until(stream, call, lambda call: (names[1], "c1") in call.turns)
            saying = asyncio.create_task(say(writer, topic, "r1", 300))
            await read_until(stream, call, lambda call: len(call.turns.get((topic, "r1"), "")) > 200)
            await asyncio.to_thread(fail_over)
            said = await saying
            await read_until(stream, call, lambda call: call.turns.get((topic, "r1")) == said)
            await read_until(stream, call, lambda call: call.resets >= 3)
            for name in names:
                writer.put(name, turn("mark", "live again"))
            await read_until(stream, call, lambda call: all((name, "mark") in call.turns for name in names))
        await writer.close()
    assert call.turns[topic, "r1"] == said
    return call


async def test_a_replica_that_is_promoted_is_one_reset_for_each_topic(pair, address, topic):
    first, second = pair

    def dies() -> None:
        first.process.kill()
        second.lead()
        address.dial = second.dial

    call = await fail_over_in_mid_sentence(address, topic, dies)

    assert call.resets == 3


async def test_a_server_that_was_demoted_and_still_answers_is_left(pair, address, topic):
    first, second = pair

    def changes_places() -> None:
        second.lead()
        address.dial = second.dial
        first.follow(second)

    call = await fail_over_in_mid_sentence(address, topic, changes_places)

    assert call.resets == 3


async def test_what_a_promoted_replica_never_heard_of_is_not_believed_later(pair, topic):
    """There and back again: the first process again, but with what the second one had."""
    first, second = pair
    log = Log(f"redis://127.0.0.1:{first.port}/0")
    before = await log.append(topic, [turn("c1", "kept")])
    first.client.wait(1, 5000)
    second.lead()
    lost = await log.append(topic, [turn("c2", "lost")])
    first.follow(second)
    first.lead()
    await log.redis.connection_pool.disconnect()

    after = await log.append(topic, [turn("c3", "new")])

    assert after.epoch != before.epoch
    assert (await log.read(topic, lost)).reset
    await log.close()


async def test_a_log_that_forgot_a_second_is_one_reset_and_the_record_tells_the_rest(topic):
    record = orjson.dumps([turn("c1", "kept").part, turn("c2", "seen, then forgotten").part]).decode()
    with own_redis(durable=True) as fragile, web("uvicorn", REDIS_LOG_URL=fragile.url) as port:
        log, call = Log(fragile.url), Call()
        folder = places.redis_folder(fragile.home)
        await log.append(topic, [turn("c1", "kept")])
        await log.redis.config_set("appendfsync", "always")
        await log.redis.set("written", "1")
        older = {file: file.read_bytes() for file in folder.rglob("*.aof*") if file.is_file()}
        async with Stream(port, topic=topic, record=record) as stream:
            await log.append(topic, [turn("c2", "seen, then forgotten"), *words("r3", "never finished")])
            await read_until(stream, call, lambda call: ("", "r3") in call.turns)
            await log.redis.set("forgotten", "1")
            fragile.kill()
            for file, content in older.items():
                file.write_bytes(content)
            fragile.start()
            await read_until(stream, call, lambda call: call.resets)
            assert await log.redis.exists("written", "forgotten") == 1
            await log.append(topic, [turn("c4", "live again")])
            await read_until(stream, call, lambda call: ("", "c4") in call.turns)
        await log.close()

    assert call.resets == 1
    assert call.turns == {
        ("", "c1"): "kept",
        ("", "c2"): "seen, then forgotten",
        ("", "c4"): "live again",
    }
