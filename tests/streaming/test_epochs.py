"""Redis is not what it was: promoted, demoted, put back by a second. One reset, then live."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from base.embedded import places
from base.embedded import redis as embedded
from streaming.log import Log
from streaming.writer import Writer
from tests.streaming.client import Call, Stream
from tests.streaming.running import free_port, own_redis, web
from tests.streaming.test_consumers import turn, words
from tests.streaming.test_faults import read_until, say

pytestmark = pytest.mark.processes


class Node:
    """One Redis of a pair, on a port."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port = free_port()
        argv = [embedded._program(), "--port", str(self.port), "--dir", str(folder), "--save", ""]
        argv += ["--repl-diskless-sync-delay", "0"]
        self.process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        self.client = redis.Redis(port=self.port, retry=Retry(ConstantBackoff(0.05), 100))
        self.client.ping()

    def follow(self, other: "Node") -> None:
        """Be its replica, and have all it has."""
        self.client.replicaof("127.0.0.1", other.port)
        deadline = time.monotonic() + 30
        while self.client.info("replication")["master_link_status"] != "up":
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def lead(self) -> None:
        self.client.replicaof("NO", "ONE")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)
        self.client.close()


class Address:
    """What clients know of the pair: a port whose far side may be moved. Old connections stay."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._pumps: set[asyncio.Task] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"redis://127.0.0.1:{port}/0"

    async def close(self) -> None:
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _serve(self, reader, writer) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.node.port)
        except OSError:
            writer.transport.abort()
            return
        for here, there, other in ((reader, far_writer, writer), (far_reader, writer, far_writer)):
            pump = asyncio.create_task(self._pump(here, there, other))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    @staticmethod
    async def _pump(here, there, other) -> None:
        try:
            while data := await here.read(1 << 16):
                there.write(data)
                await there.drain()
        except OSError:
            pass  # one side is gone, and so is the other
        finally:
            there.transport.abort()
            other.transport.abort()


@pytest.fixture
def pair(tmp_path) -> Iterator[tuple[Node, Node]]:
    first, second = Node(tmp_path / "first"), Node(tmp_path / "second")
    second.follow(first)
    yield first, second
    first.stop()
    second.stop()


@pytest.fixture
async def address(pair) -> AsyncIterator[Address]:
    address = Address(pair[0])
    await address.open()
    yield address
    await address.close()


@contextmanager
def a_server_and_its_writer(url: str) -> Iterator[tuple[int, Writer]]:
    with web("uvicorn", REDIS_LOG_URL=url) as port:
        yield port, Writer(Log(url))


async def fail_over_in_mid_sentence(address: Address, topic: str, fail_over) -> Call:
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
            await read_until(stream, call, lambda call: call.turns.get((topic, "r1")) == said, 40)
            await read_until(stream, call, lambda call: call.resets >= 3, 40)
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
        address.node = second

    call = await fail_over_in_mid_sentence(address, topic, dies)

    assert call.resets == 3


async def test_a_server_that_was_demoted_and_still_answers_is_left(pair, address, topic):
    first, second = pair

    def changes_places() -> None:
        second.lead()
        address.node = second
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
