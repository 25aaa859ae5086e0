"""The source: so many calls, each saying so many tokens a second, to one of the systems that are compared.

Every token carries the moment it was said. `python -m bench.publish HOW CALLS RATE SECONDS PORT`
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable

import django
import uvloop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from channels.layers import get_channel_layer  # noqa: E402

from streaming.entries import delta, encode  # noqa: E402
from streaming.writer import Writer  # noqa: E402

Say = Callable[[int, str], Awaitable[None]]


def frame(text: str) -> bytes:
    return b"id: 1b2c3d4e5f-1795000000000-0\ndata: %b\n\n" % encode(delta("r1", text))


async def product(port: int) -> tuple[Say, Callable]:
    writer = Writer()

    async def say(call: int, text: str) -> None:
        writer.delta(f"bench:{call}", "r1", "r1", text)

    return say, writer.close


async def stock(port: int) -> tuple[Say, Callable]:
    layer = get_channel_layer()

    async def say(call: int, text: str) -> None:
        await layer.group_send(f"bench-{call}", {"type": "token", "data": encode(delta("r1", text)).decode()})

    async def close() -> None:
        """The layer's connections end with the process."""

    return say, close


async def floor(port: int) -> tuple[Say, Callable]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=("127.0.0.1", port)
    )

    async def say(call: int, text: str) -> None:
        transport.sendto(b"%02d %b" % (call, frame(text)))

    async def close() -> None:
        transport.close()

    return say, close


async def nchan(port: int) -> tuple[Say, Callable]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def drain() -> None:
        while await reader.read(1 << 16):
            pass

    answers = asyncio.create_task(drain())

    async def say(call: int, text: str) -> None:
        body = encode(delta("r1", text))
        writer.write(
            b"POST /pub/%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (call, len(body), body)
        )

    async def close() -> None:
        writer.close()
        answers.cancel()

    return say, close


async def main(how: str, calls: int, rate: float, seconds: float, port: int) -> None:
    say, close = await {"product": product, "stock": stock, "floor": floor, "nchan": nchan}[how](port)
    loop = asyncio.get_running_loop()

    async def talk(call: int) -> int:
        start, said = loop.time() + call / calls / rate, 0
        while loop.time() < start + seconds:
            await asyncio.sleep(max(0.0, start + said / rate - loop.time()))
            await say(call, f"@{time.monotonic_ns() // 1000:012x} ")
            said += 1
        return said

    told = await asyncio.gather(*(talk(call) for call in range(calls)))
    print(sum(told), flush=True)
    await close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])))
