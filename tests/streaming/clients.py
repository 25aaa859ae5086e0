"""Clients that others wrote, and a proxy that cuts them off.

A client reads a stream until it is told to stop, coming back as often as it must. `listen(base, path, hear)`
gives every event to `hear(id, data)`.
"""

import asyncio
import json
import random
import re
import shutil
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from httpx_sse import aconnect_sse
from playwright.async_api import async_playwright

from tests import chromium
from tests.streaming.client import parse

NODE = Path(__file__).parents[1] / "node"
Hear = Callable[[str, str], None]

NATIVE = """(url) => new Promise((stopped) => {
    const source = new EventSource(url);
    const told = [];
    source.onmessage = ({ lastEventId, data }) => told.push(hear(lastEventId, data));
    source.onerror = () => source.readyState === EventSource.CLOSED && Promise.all(told).then(stopped);
})"""


async def with_chromium(base: str, path: str, hear: Hear) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium.options())
        page = await browser.new_page()
        await page.expose_function("hear", hear)
        await page.goto(f"{base}/page")
        await page.evaluate(NATIVE, path)
        await browser.close()


async def with_eventsource(base: str, path: str, hear: Hear) -> None:
    async with running("node", str(NODE / "listen.js"), base + path) as process:
        async for line in process.stdout:
            hear(*json.loads(line))
        assert await process.wait() == 0


async def with_httpx(base: str, path: str, hear: Hear) -> None:
    last = ""
    async with httpx.AsyncClient(timeout=20, trust_env=False, verify=False) as client:
        while True:
            headers = {"Last-Event-ID": last} if last else {}
            # Cut off: it is for us to come back.
            with suppress(httpx.ReadError, httpx.RemoteProtocolError):
                async with aconnect_sse(client, "GET", base + path, headers=headers) as source:
                    if source.response.status_code == 204:
                        return
                    async for event in source.aiter_sse():
                        last = event.id or last  # it knows no ids of earlier connections
                        hear(last, event.data)
            await asyncio.sleep(0.05)


async def with_curl(base: str, path: str, hear: Hear) -> None:
    last = ""
    while True:
        headers = ["-H", f"Last-Event-ID: {last}"] if last else []
        async with curl("-w", "%{stderr}%{http_code}", *headers, base + path) as process:
            with suppress(asyncio.IncompleteReadError):
                while True:
                    event = parse((await process.stdout.readuntil(b"\n\n"))[:-2])
                    last = event.id or last
                    hear(last, event.data)
            if await process.stderr.read() == b"204":
                return
            # Well ended, cut off in the middle, or reset.
            assert await process.wait() in (0, 18, 56)


def curl(*args: str):
    return running("curl", "-q", "-s", "-N", "--noproxy", "*", *args)


@asynccontextmanager
async def running(*argv: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=1 << 20
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await process.communicate()


class Client(NamedTuple):
    """`cuts`: how often it is cut off. Those that come back by themselves wait a second each time."""

    name: str
    listen: Callable[[str, str, Hear], Awaitable[None]]
    cuts: int
    here: Callable[[], Any]


def has_eventsource() -> bool:
    return bool(shutil.which("node")) and (NODE / "node_modules/eventsource").is_dir()


CURL = Client("curl", with_curl, 20, lambda: bool(shutil.which("curl")))
CLIENTS = [
    Client("Chromium", with_chromium, 3, chromium.where),
    Client("eventsource", with_eventsource, 3, has_eventsource),
    Client("httpx-sse", with_httpx, 20, lambda: True),
    CURL,
]


@dataclass(slots=True)
class Request:
    """One request for a stream, as it passed."""

    last_event_id: str | None
    status: int = 0
    cut: bool = False
    complete: bool = False


class Cutter:
    """A proxy in front of `port` that cuts streams off in their middle, as often as `to_cut` says."""

    LATEST = 1500  # bytes of a stream that may pass before it is cut

    def __init__(self, port: int, chance: random.Random) -> None:
        self.requests: list[Request] = []
        self.to_cut = 0
        self._behind, self._chance = port, chance
        self._tasks: set[asyncio.Task] = set()

    async def __aenter__(self) -> "Cutter":
        self._listening = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.base = f"http://127.0.0.1:{self._listening.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_) -> None:
        self._listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Either side may leave at any time, and browsers open connections that they never use.
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._pass(await reader.readuntil(b"\r\n\r\n"), writer)
        writer.close()

    async def _pass(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        """One request and its answer; after that the connection ends, so that the next comes to us anew."""
        reader, asking = await asyncio.open_connection("127.0.0.1", self._behind)
        try:
            head = re.sub(rb"(?im)^connection:.*\r\n", b"", head)
            asking.write(head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            answer = await reader.readuntil(b"\r\n\r\n")
            # Cut in the head, over plain HTTP, Chromium takes what came for all of it and gives up.
            writer.write(answer)
            if head.startswith(b"GET /stream"):
                known = re.search(rb"(?im)^last-event-id: *(.*)\r$", head)
                request = Request(known and known[1].decode(), int(answer.split()[1]))
                self.requests.append(request)
                await self._stream(request, reader, writer)
            else:
                writer.write(await reader.read())
                await writer.drain()
        finally:
            asking.close()

    async def _stream(self, request: Request, reader: asyncio.StreamReader, writer) -> None:
        until = self._chance.randint(0, self.LATEST)
        while data := await reader.read(1 << 16):
            if self.to_cut and len(data) >= until:
                writer.write(data[:until])
                self.to_cut -= 1
                request.cut = True
                if self._chance.random() < 0.5:
                    # Not a goodbye but a reset: what is on its way is lost, too.
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    writer.transport.abort()
                return
            until = max(0, until - len(data))
            writer.write(data)
            await writer.drain()
        request.complete = True
