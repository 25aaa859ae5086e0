"""From shared bytes to one browser's socket, without a task per browser.

A pipe takes a chunk and says whether it still flows. When the transport is full it keeps what it was given
and calls back once it drains; nothing more may be handed to it before. So what one browser can hold of us is
bounded.
"""

import asyncio
import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Pipe:
    """Steps the connection's ASGI `send` itself: with an open transport it finishes at once, nothing is
    scheduled."""

    __slots__ = ("_drained", "_loop", "_parked", "_send", "dead")

    def __init__(self, send: Callable, drained: Callable[[], None]) -> None:
        self._send = send
        self._drained = drained
        self._loop = asyncio.get_running_loop()
        self._parked = None
        self.dead = False

    @property
    def holding(self) -> bool:
        """Whether the transport is full and what was given last has not left."""
        return self._parked is not None

    def write(self, message: dict) -> bool:
        """Hand over an ASGI body message. False: it is held, wait for `drained` (or see `dead`)."""
        step = self._send(message)
        try:
            waits_for = step.send(None)
        except StopIteration:
            return True
        except Exception as error:
            self._broke(error)
            return False
        self._park(step, waits_for)
        return False

    def _park(self, step, waits_for) -> None:
        self._parked = step
        if waits_for is None:
            self._loop.call_soon(self._resume)
        else:
            # What a Task does when it takes over a future from a coroutine.
            waits_for._asyncio_future_blocking = False
            waits_for.add_done_callback(self._resume)

    def _resume(self, future=None) -> None:
        step = self._parked
        if step is None:
            return
        try:
            waits_for = step.send(None)
        except StopIteration:
            self._parked = None
            self._drained()
        except Exception as error:
            self._broke(error)
        else:
            self._park(step, waits_for)

    def _broke(self, error: Exception) -> None:
        self._parked, self.dead = None, True
        logger.info("a stream could not be written: %r", error)

    def close(self) -> None:
        """Let go of what is held."""
        step, self._parked = self._parked, None
        if step is not None:
            step.close()
