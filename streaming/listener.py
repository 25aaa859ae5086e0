"""The news of the log, over one Redis connection per process.

Topics are subscribed and dropped while it reads. It speaks RESP itself, on a protocol instead of a task,
because what a general client spends on a message would be a third of what the hub spends on twenty-five
deliveries. News may be lost; whoever listens compares positions and reads the log.
"""

import asyncio
import logging
import random
import ssl
from collections.abc import Callable

import hiredis
from redis.connection import parse_url

logger = logging.getLogger(__name__)

SILENCE = 5.0  # seconds until we ask whether Redis is there; after as many again the connection is given up
LONGEST_PAUSE = 2.0


def _command(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


class _Wire(asyncio.Protocol):
    def __init__(self, heard: Callable, lost: Callable) -> None:
        self._heard, self._lost = heard, lost
        self._reader = hiredis.Reader()

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            self._heard(reply)

    def connection_lost(self, error: Exception | None) -> None:
        self._lost()


class Listener:
    """`heard(channel, message)` for every message; `back()` after each connection, when some may be
    missing."""

    def __init__(self, url: str, heard: Callable[[bytes, bytes], None], back: Callable[[], None]) -> None:
        self._url = parse_url(url)
        self._heard, self._back = heard, back
        self._channels: dict[bytes, asyncio.Event] = {}
        self._transport: asyncio.WriteTransport | None = None
        self._lost = asyncio.Event()
        self._last = 0.0
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run(), name="stream listener")

    @property
    def connected(self) -> bool:
        return self._transport is not None

    async def listen(self, channel: bytes, seconds: float = 3.0) -> None:
        """Returns once Redis has confirmed. Raises TimeoutError if it does not."""
        confirmed = self._channels.get(channel)
        if confirmed is None:
            confirmed = self._channels[channel] = asyncio.Event()
            self._say(b"SUBSCRIBE", channel)
        async with asyncio.timeout(seconds):
            await confirmed.wait()

    def forget(self, channel: bytes) -> None:
        if self._channels.pop(channel, None):
            self._say(b"UNSUBSCRIBE", channel)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _say(self, *words: bytes) -> None:
        # On one that is closing uvloop raises. The next connection says all channels anew.
        if self._transport and not self._transport.is_closing():
            self._transport.write(_command(*words))

    def _reply(self, reply) -> None:
        self._last = self._loop.time()
        if isinstance(reply, hiredis.ReplyError):
            logger.warning("Redis refused to let us listen: %s", reply)
            if self._transport:
                self._transport.abort()
        elif isinstance(reply, list) and reply[0] == b"message":
            self._heard(reply[1], reply[2])
        elif isinstance(reply, list) and reply[0] == b"subscribe":
            confirmed = self._channels.get(reply[1])
            if confirmed:
                confirmed.set()

    async def _run(self) -> None:
        pause = 0.05
        while True:
            began = self._loop.time()
            try:
                await self._connect()
                await self._attend()
            except OSError as error:
                logger.warning("cannot hear the live log: %s", error)
            finally:
                self._hang_up()
            # Long enough apart that a thousand processes do not knock together when Redis comes back.
            pause = 0.05 if self._loop.time() - began > 10 else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311

    async def _connect(self) -> None:
        address, self._lost = self._url, asyncio.Event()

        def wire() -> _Wire:
            return _Wire(self._reply, self._lost.set)

        async with asyncio.timeout(5):
            if "path" in address:
                transport, _ = await self._loop.create_unix_connection(wire, address["path"])
            else:
                host, port = address.get("host", "localhost"), address.get("port", 6379)
                secure = _tls(address) if "connection_class" in address else None
                transport, _ = await self._loop.create_connection(wire, host, port, ssl=secure)
        self._transport = transport
        if password := address.get("password"):
            user = (address["username"].encode(),) if address.get("username") else ()
            self._say(b"AUTH", *user, password.encode())
        for confirmed in self._channels.values():
            confirmed.clear()
        if self._channels:
            self._say(b"SUBSCRIBE", *self._channels)
        self._last = self._loop.time()
        self._back()

    async def _attend(self) -> None:
        """Stay until the connection is lost or silent."""
        while not self._lost.is_set():
            try:
                async with asyncio.timeout(SILENCE):
                    await self._lost.wait()
            except TimeoutError:
                silent = self._loop.time() - self._last
                if silent > 2 * SILENCE:
                    logger.warning("the live log has been silent for %.0f s, connecting again", silent)
                    return
                self._say(b"PING")

    def _hang_up(self) -> None:
        transport, self._transport = self._transport, None
        if transport:
            transport.abort()


def _tls(address: dict) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=address.get("ssl_ca_certs"))
    if address.get("ssl_cert_reqs") == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
