"""Real processes of ours, an address that leads to whichever of them listens, and somebody who watches."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from urllib.parse import urlsplit

import httpx
from asgiref.sync import sync_to_async
from django.db import connection

from config.env import BASE_DIR
from tests.live.house import until


def database_url() -> str:
    """The tests' own database, as another process names it."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


@contextlib.contextmanager
def process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen]:
    """`manage.py` with these arguments, killed in the end."""
    known = os.environ | {"DATABASE_URL": database_url()} | environment
    process = subprocess.Popen([sys.executable, "manage.py", *arguments], cwd=BASE_DIR, env=known)
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)


def a_web_process(port: int, **environment: str) -> contextlib.AbstractContextManager[subprocess.Popen]:
    return process("serve", "--port", str(port), **environment)


def a_watch(**environment: str) -> contextlib.AbstractContextManager[subprocess.Popen]:
    return process("watch", **environment)


async def answers(port: int) -> bool:
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:  # certificates take 20 ms to load
        try:
            return (await client.get(f"http://127.0.0.1:{port}/live/stream")).status_code == 401
        except httpx.HTTPError:
            return False


@contextlib.asynccontextmanager
async def one_address(ports: Sequence[int]) -> AsyncIterator[str]:
    """A proxy: each connection goes to the first of these ports where somebody listens."""

    async def pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(1 << 16):
                target.write(data)
                await target.drain()
        target.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for port in ports:
            with contextlib.suppress(OSError):
                there = await asyncio.open_connection("127.0.0.1", port)
                break
        else:
            writer.close()
            return
        await asyncio.gather(pass_on(reader, there[1]), pass_on(there[0], writer))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


class Watcher:
    """Somebody who watches a stream to its end, over as many connections as that takes."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.parts: list[dict] = []
        self.positions: list[str] = []
        self.pulses: list[dict] = []
        self.connections = 0
        self._url, self._headers = url, headers

    def of(self, kind: str) -> list[dict]:
        return [part for part in self.parts if part["type"] == kind]

    def words(self, key: str) -> str:
        """What was said of an answer since it was last told from its beginning."""
        text = ""
        for part in self.parts:
            if part["type"] == "data-reset" or (part["type"] == "text-start" and part["id"] == key):
                text = ""
            elif part["type"] == "text-delta" and part["id"] == key:
                text += part["delta"]
        return text

    def picture(self, key: str) -> dict | None:
        """The newest whole picture of a turn."""
        pictures = [part["data"] for part in self.of("data-turn") if part["id"] == key]
        return pictures[-1] if pictures else None

    async def watch(self) -> None:
        async with httpx.AsyncClient(timeout=20, trust_env=False, verify=False) as client:
            while True:
                after = {"Last-Event-ID": self.positions[-1]} if self.positions else {}
                try:
                    async with client.stream("GET", self._url, headers=self._headers | after) as response:
                        if response.status_code == 200 and await self._read(response):
                            return
                except httpx.HTTPError:
                    pass  # its server was killed
                await asyncio.sleep(0.05)

    async def _read(self, response: httpx.Response) -> bool:
        """Take it all in. True: nothing will follow."""
        self.connections += 1
        position = ""
        async for line in response.aiter_lines():
            if line == "data: [DONE]":
                return True
            if line.startswith("id:"):
                position = line.removeprefix("id:").strip()
            elif line.startswith("data:"):
                part = json.loads(line.removeprefix("data:"))
                if part["type"] == "data-pulse":
                    self.pulses.append(part["data"])
                else:
                    self.parts.append(part)
                    self.positions.append(position)
        return False


@contextlib.asynccontextmanager
async def watching(url: str, headers: dict[str, str]) -> AsyncIterator[Watcher]:
    """Somebody who watches from now on, once the stream has begun."""
    watcher = Watcher(url, headers)
    task = asyncio.create_task(watcher.watch())
    try:
        await until(lambda: watcher.connections, 30)
        yield watcher
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def in_a_thread(work):
    return sync_to_async(work, thread_sensitive=False)
