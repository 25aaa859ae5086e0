"""Pictures that change faster than anybody can look."""

import asyncio
from collections.abc import Callable


class Pictures:
    """Draws at once if nothing was drawn lately, else as soon as that is so: never too often, never stale."""

    def __init__(self, draw: Callable[[], None], *, seconds: float) -> None:
        self._draw = draw
        self._seconds = seconds
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def touch(self) -> None:
        """Something has changed."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            if loop.time() >= self._next:
                self.draw_now()
            else:
                self._timer = loop.call_at(self._next, self.draw_now)

    def draw_now(self) -> None:
        self.forget()
        self._next = asyncio.get_running_loop().time() + self._seconds
        self._draw()

    def forget(self) -> None:
        """Whatever has changed needs no picture any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
