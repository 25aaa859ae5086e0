"""Writing a call's facts down while it goes on: off the event loop, in order, shown once they are safe."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from channels.db import database_sync_to_async
from django.db import Error

from calls.services import Recorded
from live.locks import is_passing
from platforms.events import CallEvent

logger = logging.getLogger(__name__)

MOST_WAITING = 2_000  # entries; hours of talk, if the database stays away that long
FIRST_RETRY, LAST_RETRY = 0.1, 5.0

Shown = Callable[[Recorded], None]


@dataclass(frozen=True, slots=True)
class Entry:
    source: str
    events: Sequence[CallEvent]
    shown: Shown | None


class Scribe:
    """One call's. `take(events, source)` records them, in a thread of its own."""

    def __init__(self, name: str, take: Callable[[Sequence[CallEvent], str], Recorded]) -> None:
        self._name = name
        self._take = database_sync_to_async(take, thread_sensitive=False)
        self._waiting: list[Entry] = []
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task | None = None

    def write(self, events: Sequence[CallEvent], source: str, shown: Shown | None = None) -> None:
        """Have facts recorded. `shown` is called in the event loop once they are committed."""
        if len(self._waiting) >= MOST_WAITING:
            logger.error(
                "%s: the database has been away for too long, %d facts lost", self._name, len(events)
            )
            return
        self._waiting.append(Entry(source, events, shown))
        self._idle.clear()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), name=f"scribe {self._name}")

    async def finished(self, seconds: float) -> bool:
        """Wait until all is written. False: not within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Stop, written or not."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._waiting:
            lost = sum(len(entry.events) for entry in self._waiting)
            logger.error("%s: the database did not come back in time, %d facts lost", self._name, lost)

    async def _run(self) -> None:
        pause = FIRST_RETRY
        while self._waiting:
            entry = self._waiting[0]
            try:
                recorded = await self._take(entry.events, entry.source)
                if entry.shown:
                    entry.shown(recorded)
            except Error as error:
                if is_passing(error):
                    # Not lost: what was committed unnoticed is known again when it is told again.
                    logger.warning("%s: waiting for the database (%s)", self._name, type(error).__name__)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LAST_RETRY)
                    continue
                # By name only: the database quotes the row it refuses, and the row is what somebody said.
                logger.error("%s: facts refused by the database (%s)", self._name, type(error).__name__)
            except Exception:
                logger.exception("%s: facts could not be recorded", self._name)
            self._waiting.pop(0)
            pause = FIRST_RETRY
        self._idle.set()
