"""Where deliveries wait to be kept: what arrives in the same moment shares one statement and one commit."""

import asyncio
import logging
from collections import deque
from time import monotonic

from agents.lookup import per_loop
from webhooks import batch
from webhooks.batch import Arrival, Kept, Overloaded

logger = logging.getLogger(__name__)

# One statement under way, with all who come meanwhile in the next, keeps more than two at a time do. But one
# that waits, for a lock or a slow disk, must not hold up the others: then there is a second.
WRITERS, HELD_UP_S = 2, 0.05
MOST_WAITING, MOST_BYTES_WAITING = 1_000, 64 * 2**20
MOST_ROWS, MOST_BYTES = 500, 8 * 2**20  # of one statement
FIRST_ROWS = 25  # as long as nobody knows how fast PostgreSQL is
AIM_S = 0.25  # and as many rows as take about this long
# Who was not handed to PostgreSQL by then is withdrawn; of who was, the truth is awaited a little longer.
WITHDRAWN_AFTER_S, TRUTH_AWAITED_S, LOOK_EVERY_S = 1.5, 2.25, 0.2


class _Waiting:
    __slots__ = ("arrival", "future", "since")

    def __init__(self, arrival: Arrival, future: asyncio.Future[Kept]) -> None:
        self.arrival = arrival
        self.future = future
        self.since = monotonic()


class Intake:
    """One per event loop. Whoever puts a row waits until it is committed, together with all who wait then."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()  # oldest first
        self._bytes = 0
        self._under_way: set[_Waiting] = set()
        self._writers: dict[asyncio.Task[None], float] = {}  # and since when each is at its statement
        self._most_rows = FIRST_ROWS
        self._look: asyncio.TimerHandle | None = None

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= MOST_WAITING or self._bytes >= MOST_BYTES_WAITING

    def put(self, arrival: Arrival) -> asyncio.Future[Kept]:
        """Await what comes back: "accepted" or "duplicate". Raises Overloaded, at once or then, or Gone."""
        if self.is_full:
            raise Overloaded
        loop = asyncio.get_running_loop()
        waiting = _Waiting(arrival, loop.create_future())
        self._waiting.append(waiting)
        self._bytes += len(arrival.body)
        if len(self._writers) < WRITERS and self._is_held_up(waiting.since):
            writer = loop.create_task(self._write(), name="webhook intake")
            self._writers[writer] = waiting.since
        if self._look is None:
            self._look = loop.call_later(LOOK_EVERY_S, self._give_up_late_ones)
        return waiting.future

    def _is_held_up(self, now: float, but: asyncio.Task[None] | None = None) -> bool:
        """Whether every writer, `but` for one, has been at its statement for too long; or there is none."""
        for writer, began in self._writers.items():
            if writer is not but and now - began <= HELD_UP_S:
                return False
        return True

    async def close(self) -> None:
        """Come back when nobody waits any more; of a PostgreSQL that does not answer, soon after."""
        if self._writers:
            await asyncio.wait(self._writers, timeout=TRUTH_AWAITED_S)
        for writer in self._writers:
            writer.cancel()
        if self._look:
            self._look.cancel()
            self._look = None

    async def _write(self) -> None:
        me = asyncio.current_task()
        while True:
            await asyncio.sleep(0)  # whoever arrived in the same moment joins
            together = self._take() if self._is_held_up(monotonic(), but=me) else []
            if not together:
                # In the same step as the look: whoever comes next finds that a writer is missing.
                del self._writers[me]
                return
            self._under_way.update(together)
            began = self._writers[me] = monotonic()
            try:
                became = await batch.keep([waiting.arrival for waiting in together])
            except Exception as error:  # a mistake of ours; nobody waits for ever because of it
                logger.exception("a batch of webhooks broke")
                became = [error] * len(together)
            finally:
                self._under_way.difference_update(together)
            for waiting, outcome in zip(together, became, strict=True):
                _tell(waiting, outcome)
            self._writers[me] = monotonic()
            took = self._writers[me] - began
            self._most_rows = max(1, min(MOST_ROWS, int(len(together) * AIM_S / max(took, 0.001))))

    def _take(self) -> list[_Waiting]:
        together: list[_Waiting] = []
        size = 0
        while self._waiting and len(together) < self._most_rows and size < MOST_BYTES:
            waiting = self._waiting.popleft()
            size += len(waiting.arrival.body)
            together.append(waiting)
        self._bytes -= size
        return together

    def _give_up_late_ones(self) -> None:
        now = monotonic()
        while self._waiting and self._waiting[0].since < now - WITHDRAWN_AFTER_S:
            late = self._waiting.popleft()
            self._bytes -= len(late.arrival.body)
            _tell(late, Overloaded())
        for waiting in self._under_way:
            if waiting.since < now - TRUTH_AWAITED_S:
                _tell(waiting, Overloaded())
        busy = self._waiting or self._under_way
        loop = asyncio.get_running_loop()
        self._look = loop.call_later(LOOK_EVERY_S, self._give_up_late_ones) if busy else None


def _tell(waiting: _Waiting, outcome: Kept | Exception) -> None:
    if waiting.future.done():
        return  # it was given up, or whoever asked has left
    if isinstance(outcome, Exception):
        waiting.future.set_exception(outcome)
    else:
        waiting.future.set_result(outcome)


intake = per_loop(Intake)


async def close() -> None:
    await intake().close()
