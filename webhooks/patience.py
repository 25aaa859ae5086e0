"""A limit to how long each of many things may take, for the price of one timer.

A timer for each would be a tenth of what taking in a delivery costs.
"""

import asyncio

LOOK_EVERY_S = 1.0


class Patience:
    """Ends with TimeoutError what takes longer than `seconds`, within LOOK_EVERY_S of it. One per event loop.

    async with asyncio.timeout(None) as limit:
        patience.begin(limit)
        …
    patience.end(limit)  # in any case
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[asyncio.Timeout, float] = {}  # in the order they began
        self._look: asyncio.TimerHandle | None = None

    def begin(self, limit: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        self._since[limit] = loop.time()
        if self._look is None:
            self._look = loop.call_later(LOOK_EVERY_S, self._end_late_ones)

    def end(self, limit: asyncio.Timeout) -> None:
        self._since.pop(limit, None)

    def _end_late_ones(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for limit, since in list(self._since.items()):
            if since > now - self._seconds:
                break
            del self._since[limit]
            limit.reschedule(now)
        self._look = loop.call_later(LOOK_EVERY_S, self._end_late_ones) if self._since else None
