"""The log on a Redis Cluster: the same scripts, topics in different slots, news from any node."""

import asyncio
import subprocess
import time
from collections.abc import Iterator

import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from base.embedded import redis as embedded
from bench.ports import own_port
from streaming.hub import Hub
from streaming.log import Log
from streaming.positions import Position
from streaming.writer import Writer
from tests.streaming.test_consumers import turn
from tests.streaming.test_hub import Browser

SLOTS = 16384


@pytest.fixture
def cluster(tmp_path) -> Iterator[str]:
    """A cluster of one node, which refuses what any cluster refuses."""
    port = own_port(10_000)  # where its nodes talk to each other
    argv = [embedded._program(), "--port", str(port), "--dir", str(tmp_path), "--save", ""]
    process = subprocess.Popen([*argv, "--cluster-enabled", "yes"], stdout=subprocess.DEVNULL)
    client = redis.Redis(port=port, retry=Retry(ConstantBackoff(0.05), 100))
    try:
        client.ping()
        client.execute_command("CLUSTER ADDSLOTS", *range(SLOTS))
        deadline = time.monotonic() + 20
        while client.cluster("INFO")["cluster_state"] != "ok":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"redis+cluster://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)


@pytest.mark.processes
async def test_topics_of_all_slots_are_written_and_heard(cluster, topic):
    names = [f"{topic}-{n}" for n in range(20)]
    writer, hub, log = Writer(Log(cluster)), Hub(Log(cluster)), Log(cluster)
    browser = Browser(hub, names)
    async with asyncio.timeout(20):
        await browser.connect()
        for name in names:
            writer.put(name, turn("c1", "Hello"))
        assert await writer.flush()
        while len(browser.call.turns) < 20:
            await asyncio.sleep(0.01)
            browser.read()
        position = await log.position(names[7])
        page = await log.read(names[7], Position(position.epoch))
    browser.cut(0)

    assert len(page.entries) == 1
    assert browser.call.resets == 0
    await hub.close()
    await writer.close()
    await log.close()
