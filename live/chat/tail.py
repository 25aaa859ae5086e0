"""An answer as a response: told from its beginning, whichever process makes it, until it is over.

Who comes late, comes again or comes from another tab is told the same. Nothing here makes an answer, and
nobody who leaves stops one.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

import orjson
from channels.db import database_sync_to_async
from django.db import Error

from base.trace import current_trace_id
from calls import parts
from calls.models import Call
from live.chat import record, wire
from live.chat.record import Finished
from live.chat.wire import Teller
from live.leases import AWAY
from live.process import leases
from streaming.follow import Heard, follow
from streaming.hub import Away

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # of silence, after which we see whether anybody is still at work
HEARTBEAT_SECONDS = 10.0
# Without a lease. The watch ends what a dead process left (live/watch.py) before that.
DEAD_SECONDS = 6.0
_finished = database_sync_to_async(record.finished, thread_sensitive=False)


async def tail(
    call: Call,
    key: str,
    *,
    look: float = LOOK_SECONDS,
    dead: float = DEAD_SECONDS,
    heartbeat: float = HEARTBEAT_SECONDS,
) -> AsyncGenerator[bytes, None]:
    """An answer that is being made."""
    reader = _Reader(call, key, look, dead, heartbeat)
    yield _frames(reader.teller.begin())
    try:
        async with aclosing(reader.read()) as told:
            async for chunk in told:
                yield chunk
    except (Away, TimeoutError, Error) as error:
        logger.warning("call %s: an answer cannot be read: %s", call.pk, type(error).__name__)
        yield _frames(reader.teller.end()) + wire.DONE


async def replay(key: str, finished: Finished) -> AsyncGenerator[bytes, None]:
    """An answer that is in the record."""
    teller = Teller(key)
    told = [*teller.begin(), *teller.hear_all(finished.parts), *teller.end(finished.metadata)]
    yield _frames(told) + wire.DONE


class _Reader:
    def __init__(self, call: Call, key: str, look: float, dead: float, heartbeat: float) -> None:
        self.teller = Teller(key)
        self._call = call
        self._key = key
        self._look, self._dead, self._heartbeat = look, dead, heartbeat
        self._spoke_at = 0.0  # when we last told anything
        self._alone_since: float | None = None

    async def read(self) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        self._spoke_at = loop.time()
        async with aclosing(follow(parts.topic(self._call), pause=self._look)) as topic:
            async for heard in topic:
                if told := self._hear(heard):
                    self._spoke_at = loop.time()
                    yield _frames(told)
                if self.teller.picture or (not heard.items and await self._is_over(loop.time())):
                    break
                if loop.time() - self._spoke_at > self._heartbeat:
                    self._spoke_at = loop.time()
                    yield wire.HEARTBEAT
        yield _frames(await self._end()) + wire.DONE

    def _hear(self, heard: Heard) -> list[dict]:
        if heard.anew:
            self.teller.again()
        ours = (item.data for item in heard.items if item.group == self._key)
        return self.teller.hear_all(map(orjson.loads, ours))

    async def _is_over(self, now: float) -> bool:
        """After silence: whether nobody is at work on it any more."""
        try:
            about = await leases().about(self._call.pk)
        except AWAY:
            return False
        if about and about.startswith(f"{self._key} "):
            self._alone_since = None
            return False
        self._alone_since = now if self._alone_since is None else self._alone_since
        return now - self._alone_since > self._dead or await _finished(self._call.pk, self._key) is not None

    async def _end(self) -> list[dict]:
        teller = self.teller
        told: list[dict] = []
        metadata = None
        if teller.picture is None or teller.metadata is None or not teller.complete:
            # We came late, or something was lost on the way: the record has all of it.
            finished = await _finished(self._call.pk, self._key)
            if finished:
                teller.again()
                told = teller.hear_all(finished.parts)
                metadata = finished.metadata
        if teller.picture is None:
            teller.failure = wire.failure("interrupted", trace_id=current_trace_id())
        return told + teller.end(metadata)


def _frames(told: Iterable[dict]) -> bytes:
    return b"".join(map(wire.event, told))
