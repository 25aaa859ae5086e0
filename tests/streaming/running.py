"""Real servers for the streaming tests: uvicorn and daphne with the test app, and a Redis that may be
killed."""

import asyncio
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

from redis.connection import parse_url

from base import processes
from base.embedded import places, redis
from tests.streaming import serve

# What a server imports is loaded once for all that a run starts, as far as it can be without settings: a
# process costs a twentieth of a second, not a half.
_loaded = multiprocessing.get_context("forkserver")
_loaded.set_forkserver_preload(
    [
        serve.__name__,
        "channels.routing",
        "cryptography.fernet",
        "django.db.models",
        "django.http",
        "django.urls",
        "environ",
        "psycopg",
    ]
)


@contextmanager
def web(kind: str, port: int = 0, app: str = "tests.streaming.app", **settings: str) -> Iterator["Web"]:
    """Serve the module `app`; gives the port. `kind` is uvicorn or daphne."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(1024)
    port = listening.getsockname()[1]
    process = _loaded.Process(target=serve.main, args=(kind, app, listening, os.environ | settings))
    process.start()
    listening.close()  # it is the server's alone now, so that a stopped server refuses
    try:
        yield Web(port, process)
    finally:
        process.terminate()
        process.join(10)
        process.kill()
        process.join(10)


class Web(int):
    """The port, and the process behind it."""

    process: BaseProcess

    def __new__(cls, port: int, process: BaseProcess) -> "Web":
        self = super().__new__(cls, port)
        self.process = process
        return self

    def send(self, signal: signal.Signals) -> None:
        os.kill(self.process.pid, signal)

    def memory_kb(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")


class OwnRedis:
    """A Redis of one test's own, that may be stopped, killed and started again."""

    def __init__(self, home: Path, *, durable: bool) -> None:
        self.home, self._durable = home, durable
        self.url = places.redis_url(home)
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        command = redis.prepare(self.home, durable=self._durable)
        self._process = subprocess.Popen(command.argv, **command.options())
        redis.wait_ready(self.home, lambda: self._process.poll() is None)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(parse_url(self.url)["path"])

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self.resume()
            processes.stop(self._process, 15, seconds=10)


@contextmanager
def own_redis(*, durable: bool = False) -> Iterator[OwnRedis]:
    home = Path(tempfile.mkdtemp(prefix="earshot-log-"))
    server = OwnRedis(home, durable=durable)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


async def eventually(condition, seconds: float = 60) -> None:
    """Wait for something only the other side can see; look ever less often."""
    pause = 0.005
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(pause)
            pause = min(1.2 * pause, 0.1)
