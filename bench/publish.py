"""The source: so many calls, each saying so many tokens a second, to one of the systems that are compared.

Every token carries the moment it was said. `python -m bench.publish` reads one `Speech` a line and
answers each with the number of tokens it has said.
"""

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable
from functools import cache

import django
import redis
import uvloop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from channels_redis.core import RedisChannelLayer  # noqa: E402
from channels_redis.pubsub import RedisPubSubChannelLayer  # noqa: E402

from bench.speech import Speech, call_id  # noqa: E402
from streaming.entries import delta, encode  # noqa: E402
from streaming.log import Log  # noqa: E402
from streaming.writer import Writer  # noqa: E402

ANSWER = "r1"
Say = Callable[[int, str], Awaitable[None]]
Sink = tuple[Say, Callable[[], Awaitable]]


async def nothing() -> None:
    """Nothing is to be closed."""


def part(speech: Speech, call: int, text: str) -> bytes:
    """What a reader of the product gets as `data:`."""
    tag = {"call": call_id(speech.run, call)} if speech.tagged else {}
    return encode(delta(ANSWER, text) | tag)


# Connections outlive a speech, as in a process that has many calls: opening them is no token's price.
@cache
def log() -> Log:
    return Log()


@cache
def layer(kind: type):
    return kind(hosts=[os.environ["REDIS_URL"]])


async def product(speech: Speech) -> Sink:
    writer = Writer(log())
    topics = [f"ws:{speech.workspace}:call:{call_id(speech.run, call)}" for call in range(speech.calls)]

    async def say(call: int, text: str) -> None:
        writer.delta(topics[call], ANSWER, ANSWER, text)

    return say, writer.flush


async def stock(kind: type, speech: Speech) -> Sink:
    async def say(call: int, text: str) -> None:
        event = {"type": "token", "data": part(speech, call, text).decode()}
        await layer(kind).group_send(f"bench-{speech.run}-{call}", event)

    return say, nothing


async def core(speech: Speech) -> Sink:
    # It says of every message that it was too many.
    logging.getLogger("channels_redis").setLevel(logging.WARNING)
    return await stock(RedisChannelLayer, speech)


async def pubsub(speech: Speech) -> Sink:
    return await stock(RedisPubSubChannelLayer, speech)


async def floor(speech: Speech) -> Sink:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=("127.0.0.1", speech.to)
    )

    async def say(call: int, text: str) -> None:
        data = part(speech, call, text)
        transport.sendto(b"%02d id: 1b2c3d4e5f-1795000000000-0\ndata: %b\n\n" % (call, data))

    async def close() -> None:
        transport.close()

    return say, close


async def _written(streams, request: Callable[[int, str], bytes]) -> Sink:
    """Whatever takes requests on a stream of bytes; its answers are read and thrown away."""
    reader, writer = streams

    async def drain() -> None:
        while await reader.read(1 << 16):
            pass

    answers = asyncio.create_task(drain())

    async def say(call: int, text: str) -> None:
        writer.write(request(call, text))

    async def close() -> None:
        await writer.drain()
        writer.close()
        answers.cancel()

    return say, close


async def nchan(speech: Speech) -> Sink:
    def post(call: int, text: str) -> bytes:
        body, path = part(speech, call, text), b"/pub/%dx%d" % (speech.run, call)
        return b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (path, len(body), body)

    return await _written(await asyncio.open_connection("127.0.0.1", speech.to), post)


async def redis_channel(speech: Speech) -> Sink:
    def publish(call: int, text: str) -> bytes:
        words = b"PUBLISH", b"bench:%d:%d" % (speech.run, call), part(speech, call, text)
        return b"*3\r\n" + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)

    path = redis.connection.parse_url(os.environ["REDIS_URL"])["path"]
    return await _written(await asyncio.open_unix_connection(path), publish)


async def nobody(speech: Speech) -> Sink:
    """What it costs to speak at all."""

    async def say(call: int, text: str) -> None:
        """To nobody."""

    return say, nothing


SINKS = {
    "product": product,
    "core": core,
    "pubsub": pubsub,
    "floor": floor,
    "nchan": nchan,
    "redis": redis_channel,
    "nobody": nobody,
}


async def speak(speech: Speech) -> int:
    say, close = await SINKS[speech.how](speech)
    loop = asyncio.get_running_loop()
    padding, pause = "x" * speech.size, speech.burst / speech.rate

    async def talk(call: int) -> int:
        start, bursts = loop.time() + call / speech.calls * pause, 0
        while loop.time() < start + speech.seconds:
            await asyncio.sleep(max(0.0, start + bursts * pause - loop.time()))
            for _ in range(speech.burst):
                await say(call, f"@{time.monotonic_ns() // 1000:012x} {padding}")
            bursts += 1
        return bursts * speech.burst

    said = await asyncio.gather(*(talk(call) for call in range(speech.calls)))
    await close()
    return sum(said)


async def main() -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(await speak(Speech(**json.loads(line))), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
