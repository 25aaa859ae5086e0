"""Posting without a C compiler: the same arguments and output as native/post.c, at more CPU. And posting at a
rate, whether or not there are answers (`at_rate`), which a closed loop cannot.

python -m bench.post PORT CONNECTIONS FILE
"""

import asyncio
import json
import re
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
TIMEOUT_S = 15


def requests_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while length := source.read(4):
            yield source.read(*struct.unpack("=I", length))


@dataclass
class Heard:
    statuses: Counter = field(default_factory=Counter)
    ms: dict[int, list[float]] = field(default_factory=dict)  # status → how long each took

    def note(self, status: int, seconds: float) -> None:
        self.statuses[status] += 1
        self.ms.setdefault(status, []).append(seconds * 1000)


class Sender:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def post(self, request: bytes, heard: Heard) -> None:
        began = perf_counter()
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(request)
        async with asyncio.timeout(TIMEOUT_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            await self.reader.readexactly(int(_LENGTH.search(head)[1]))
        heard.note(int(head[9:12]), perf_counter() - began)


async def in_a_loop(port: int, connections: int, path: Path) -> Heard:
    """Each connection posts the next request as soon as it was answered."""
    heard, requests = Heard(), requests_of(path)

    async def go() -> None:
        sender = Sender(port)
        for request in requests:
            await sender.post(request, heard)

    await asyncio.gather(*(go() for _ in range(connections)))
    return heard


async def at_rate(port: int, rate: float, path: Path) -> Heard:
    """So many a second, on as many connections as that takes. Who got no answer is heard as status 0."""
    heard, idle = Heard(), []
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def go(request: bytes) -> None:
        while idle and idle[-1].reader.at_eof():
            idle.pop()  # a server closes what was idle for seconds
        sender = idle.pop() if idle else Sender(port)
        try:
            await sender.post(request, heard)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            heard.note(0, TIMEOUT_S)
        else:
            idle.append(sender)

    async with asyncio.TaskGroup() as group:
        for number, request in enumerate(requests_of(path)):
            await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
            group.create_task(go(request))
    return heard


def main() -> None:
    began = perf_counter()
    heard = uvloop.run(in_a_loop(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
    seconds = perf_counter() - began
    ms = sorted(each for times in heard.ms.values() for each in times)
    at = {f"p{share}": ms[int((len(ms) - 1) * share / 100)] for share in (50, 99)}
    ok = heard.statuses[200]
    print(json.dumps({"ok": ok, "other": len(ms) - ok, "seconds": seconds, **at, "max": ms[-1]}))


if __name__ == "__main__":
    main()
