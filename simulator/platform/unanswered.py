"""A call that nobody picks up: it rings, and then it is over."""

import asyncio
import contextlib

from simulator.pace import Pace
from simulator.platform.call import Call

# Why a call may never connect, and how many human seconds pass until the platform knows.
REASONS = {"dial_no_answer": 25.0, "dial_busy": 4.0, "dial_failed": 1.5}


class Unanswered:
    """Rings until the platform gives up, for `reason`."""

    def __init__(self, call: Call, reason: str, pace: Pace) -> None:
        self.call = call
        self._reason = reason
        self._within = REASONS[reason] / pace.speed
        self._over = asyncio.Event()

    async def run(self) -> Call:
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._within):
                    await self._over.wait()
        except asyncio.CancelledError:
            self._reason = "manual_stopped"
            raise
        finally:
            self.call.finish(self._reason)
        return self.call

    def stop(self, reason: str = "manual_stopped") -> None:
        """Hang up now."""
        self._reason = reason
        self._over.set()
