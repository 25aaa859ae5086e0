"""One browser's stream: what it may watch, where it stands, how long it may stay."""

import asyncio
import math
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from streaming.admission import Admission
from streaming.feed import Feed
from streaming.leases import Lease
from streaming.pipes import pipe_for

if TYPE_CHECKING:
    from streaming.hub import Hub


class Connection:
    __slots__ = (
        "admission",
        "closed",
        "expires",
        "feed",
        "lease",
        "over",
        "parked_at",
        "pipe",
        "standing",
        "task",
    )

    def __init__(
        self,
        admission: Admission,
        send: Callable,
        hub: "Hub",
        seconds: float,
        lease: Lease | None = None,
    ) -> None:
        self.admission = admission
        self.lease = lease
        self.pipe = pipe_for(send, partial(hub.drained, self), partial(hub.full, self))
        # Not all at once: a thousand browsers that came together should not leave together.
        now = asyncio.get_running_loop().time()
        self.expires = now + seconds * random.uniform(0.9, 1.1)  # noqa: S311
        self.feed: Feed | None = None
        self.standing = ""  # where it stood when it was parked
        self.parked_at = 0.0
        self.task: asyncio.Task | None = asyncio.current_task()
        self.over = False  # what it has missed is the end
        self.closed = False

    def follow(self, feed: Feed) -> None:
        self.feed = feed
        # All who follow it can share one list of topics; each alone would keep kilobytes.
        self.admission = replace(self.admission, topics=feed.topics)

    def stuck_for(self, now: float) -> float:
        """Seconds since nothing could be said to it."""
        if self.pipe.dead:
            return math.inf
        return now - self.parked_at if self.pipe.holding else 0.0

    def park(self, standing: str) -> None:
        self.standing = standing
        self.parked_at = asyncio.get_running_loop().time()

    def finish(self, chunk: bytes) -> None:
        """The last bytes, and the end of the response."""
        self.closed = True
        self.parked_at = asyncio.get_running_loop().time()
        self.pipe.finish(chunk)

    def cut(self) -> None:
        """End it without a word."""
        self.closed = True
        if not self.pipe.abort() and self.task:
            self.task.cancel()
