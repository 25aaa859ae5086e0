"""The load client without a C compiler: the same arguments and output as native/load.c, at more CPU.

python -m bench.load PORT READERS PATH CALLS
"""

import asyncio
import json
import re
import sys
import time

import uvloop

STAMP = re.compile(rb"@([0-9a-f]{12})")
WAVE = 64


class Reader(asyncio.Protocol):
    ready = 0
    closed = 0
    bytes = 0
    delays: list[float] = []

    def __init__(self, target: str, first: asyncio.Semaphore) -> None:
        self.target, self.first = target, first
        self.begun, self.rest = False, b""

    def connection_made(self, transport) -> None:
        transport.write(f"GET {self.target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns() // 1000
        Reader.bytes += len(data)
        self._begin()
        data = self.rest + data
        end = 0
        for stamp in STAMP.finditer(data):
            Reader.delays.append((now - int(stamp[1], 16)) / 1000)
            end = stamp.end()
        self.rest = data[max(end, len(data) - 12) :]

    def connection_lost(self, error) -> None:
        Reader.closed += 1
        self._begin()

    def _begin(self) -> None:
        if not self.begun:
            self.begun = True
            Reader.ready += 1
            self.first.release()


async def main(port: int, count: int, path: str, calls: int) -> None:
    loop = asyncio.get_running_loop()
    first = asyncio.Semaphore(WAVE)
    for number in range(count):
        await first.acquire()
        target = path % (number % calls) if "%d" in path else path
        await loop.create_connection(lambda target=target: Reader(target, first), "127.0.0.1", port)
    while Reader.ready < count:  # noqa: ASYNC110 - it counts in callbacks
        await asyncio.sleep(0.01)
    print(json.dumps({"connected": count}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    delays = sorted(Reader.delays) or [0.0]
    at = {f"p{share}": round(delays[int((len(delays) - 1) * share / 100)], 2) for share in (50, 99)}
    print(json.dumps({"tokens": len(Reader.delays), "bytes": Reader.bytes, "closed": Reader.closed, **at}))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
