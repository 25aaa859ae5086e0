"""Human time: how fast the people in the simulator live."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Everything people do (speak, think, wait) is scaled by `speed`; the network is not."""

    speed: float = 1.0

    async def sleep(self, seconds: float) -> None:
        """Wait for so many human seconds."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    def clock(self) -> Callable[[], float]:
        """A clock that starts now and counts human seconds."""
        start = time.monotonic()
        return lambda: (time.monotonic() - start) * self.speed


@dataclass(frozen=True, slots=True)
class Timing:
    """The platform's own clockwork, in real seconds whatever the pace."""

    dial_tries: int = 3
    dial_timeout: float = 7.0
    dial_gap: float = 3.0
    reconnect_gaps: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    ping_every: float = 2.0
    ping_lost: float = 5.0
    ping_reconnects: int = 2
    # How long the platform waits for the first message, and a caller for any sign of an answer.
    greeting: float = 10.0
    patience: float = 5.0
    # How long an answer to a webhook may take.
    webhook_timeout: float = 10.0
