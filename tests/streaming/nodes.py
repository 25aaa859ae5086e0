"""Two Redis servers, one the other's replica."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from base.embedded import redis as embedded
from bench.ports import own_port


class Node:
    """One Redis of a pair, on a port."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port = own_port()
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

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@contextmanager
def a_pair(folder: Path) -> Iterator[tuple[Node, Node]]:
    """One that leads, and its replica, which has all it has."""
    first, second = Node(folder / "first"), Node(folder / "second")
    second.follow(first)
    yield first, second
    first.stop()
    second.stop()
