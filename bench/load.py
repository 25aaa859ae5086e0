"""The load client without a C compiler: the same arguments and output as native/load.c, at more CPU.

python -m bench.load PORT READERS PATH CALLS [HEADER]
"""

import asyncio
import json
import re
import sys
import time

import uvloop

STAMP = re.compile(rb"@([0-9a-f]{12}) (?=(.))")  # a frame's last token is the one before a quotation mark
LONGEST = 14
WAVE = 64


class Reader(asyncio.Protocol):
    ready = 0
    refused = 0
    closed = 0
    frames = 0
    bytes = 0
    delays: list[float] = []

    def __init__(self, request: str, first: asyncio.Semaphore) -> None:
        self.request, self.first = request, first
        self.begun, self.rest = False, b""

    def connection_made(self, transport) -> None:
        transport.write(self.request.encode())

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns() // 1000
        Reader.bytes += len(data)
        self._begin(accepted=data[8:12] == b" 200")
        data = self.rest + data
        end = 0
        for stamp in STAMP.finditer(data):
            Reader.delays.append((now - int(stamp[1], 16)) / 1000)
            Reader.frames += stamp[2] == b'"'
            end = stamp.end()
        self.rest = data[max(end, len(data) - LONGEST) :]

    def connection_lost(self, error) -> None:
        Reader.closed += 1
        self._begin(accepted=False)

    def _begin(self, *, accepted: bool) -> None:
        if not self.begun:
            self.begun = True
            Reader.ready += 1
            Reader.refused += not accepted
            self.first.release()


async def main(port: int, count: int, path: str, calls: int, header: str = "") -> None:
    loop = asyncio.get_running_loop()
    first, began = asyncio.Semaphore(WAVE), time.monotonic()
    lines = ["Host: 127.0.0.1", "Accept: text/event-stream", *([header] if header else [])]
    for number in range(count):
        await first.acquire()
        target = path % (number % calls) if "%" in path else path
        request = "\r\n".join([f"GET {target} HTTP/1.1", *lines, "", ""])
        await loop.create_connection(lambda request=request: Reader(request, first), "127.0.0.1", port)
    while Reader.ready < count:  # noqa: ASYNC110 - it counts in callbacks
        await asyncio.sleep(0.01)
    ms = round((time.monotonic() - began) * 1000, 1)
    print(json.dumps({"connected": count, "refused": Reader.refused, "ms": ms}), flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        Reader.delays.clear()
        Reader.frames = Reader.bytes = 0
    delays = sorted(Reader.delays) or [0.0]
    at = {f"p{share}": round(delays[int((len(delays) - 1) * share / 100)], 2) for share in (50, 99)}
    counts = {"tokens": len(Reader.delays), "frames": Reader.frames, "bytes": Reader.bytes}
    print(json.dumps({**counts, "closed": Reader.closed, **at}))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), *sys.argv[5:]))
