"""The hub's clockwork: pulses, ends, permissions, leases, and a look at the log. One task for all
connections."""

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from streaming import leases, sse
from streaming.pipes import Chunk

if TYPE_CHECKING:
    from streaming.connection import Connection
    from streaming.hub import Hub

logger = logging.getLogger(__name__)

BEAT = 0.5
PULSE_EVERY = 3.0  # the contract says at least every 4 s
LOOK_EVERY = 3.0
RECHECK_EVERY = 10.0  # lost permission ends a stream within 15 s
RECHECK_SECONDS = 4.0
CLOSE_IDLE_AFTER = 10.0
# A pulse waits for words to go with: they cost each connection one write, with or without it.
RIDE_SECONDS = 0.25
# Connections that are given a pulse of its own before words may pass.
TOGETHER = 100
# A browser that takes nothing for so long is not watching.
LONGEST_PARKED = 30.0


class Keeper:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run(), name="stream keeper")

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        now = self._loop.time()
        due = {
            self._sweep: now,
            self._pulse: now + PULSE_EVERY,
            self._look: now,
            self._recheck: now + 5,
            self._renew: now + 10,
        }
        every = {
            self._sweep: BEAT,
            self._pulse: PULSE_EVERY,
            self._look: LOOK_EVERY,
            self._recheck: RECHECK_EVERY,
            self._renew: leases.RENEW_EVERY,
        }
        running: dict = {}
        try:
            while True:
                await asyncio.sleep(BEAT)
                now = self._loop.time()
                for work, at in due.items():
                    # One that hangs must not keep the others waiting, nor run twice.
                    if now >= at and (work not in running or running[work].done()):
                        due[work] = now + every[work]
                        running[work] = self._loop.create_task(self._guarded(work))
        finally:
            for task in running.values():
                task.cancel()

    async def _guarded(self, work) -> None:
        try:
            await work()
        except Exception:
            # The clockwork of every stream of this process must not stop for one fault.
            logger.exception("%s broke", work.__name__)

    async def _sweep(self) -> None:
        """Send away those whose time is over, and cut those to whom nothing can be said."""
        now = self._loop.time()
        for connection in list(self._hub.connections):
            if connection.stuck_for(now) > LONGEST_PARKED:
                self._hub.cut(connection)
            elif now > connection.expires:
                self._hub.end(connection)
        self._hub.sources.close_idle(CLOSE_IDLE_AFTER)

    async def _pulse(self) -> None:
        feeds = self._hub.feeds
        pulse = partial(sse.pulse, healthy=self._hub.sources.healthy)
        for feed in feeds:
            feed.pulse = pulse
        await asyncio.sleep(RIDE_SECONDS)
        given = 0
        for feed in feeds:
            if feed.take_pulse() is None:
                continue
            alone = Chunk(pulse())
            for connection in feed.flowing:
                given += 1
                if given % TOGETHER == 0:
                    await asyncio.sleep(0)  # words go first
                if feed.flows(connection) and not connection.pipe.write(alone):
                    feed.park(connection)

    async def _look(self) -> None:
        await self._hub.sources.look()

    async def _renew(self) -> None:
        held = [connection.lease for connection in self._hub.connections if connection.lease]
        try:
            await leases.renew(self._hub.log, held)
        except (RedisError, OSError) as error:
            logger.warning("leases of streams could not be renewed: %s", error)

    async def _recheck(self) -> None:
        """Ask once for all viewers, and end the streams of those who may no longer watch."""
        asked: dict = {}
        for connection in self._hub.connections:
            admission = connection.admission
            asked.setdefault(admission.recheck, {}).setdefault(admission.viewer, []).append(connection)
        for recheck, viewers in asked.items():
            await self._recheck_some(recheck, viewers)

    async def _recheck_some(self, recheck, viewers: dict[object, list["Connection"]]) -> None:
        try:
            async with asyncio.timeout(RECHECK_SECONDS):
                allowed = set(await recheck(list(viewers)))
        except Exception:
            # The database may be away for a moment: who was allowed stays, and is asked again.
            logger.exception("permissions of %d viewers could not be checked", len(viewers))
            return
        for viewer, connections in viewers.items():
            if viewer not in allowed:
                for connection in connections:
                    self._hub.end(connection)
