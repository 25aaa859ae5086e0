"""One of something for each event loop: connections and tasks cannot be shared between two."""

import asyncio
from collections.abc import Callable
from typing import TypeVar
from weakref import ReferenceType, WeakKeyDictionary, ref

T = TypeVar("T")


def per_loop(make: Callable[[], T]) -> Callable[[], T]:
    """What answers with the running loop's own, made when first asked for."""
    made: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()
    # A process has one loop, and asks for every request: the weak look-up is for those that have several.
    latest: tuple[ReferenceType[asyncio.AbstractEventLoop] | None, T | None] = (None, None)

    def get() -> T:
        nonlocal latest
        loop = asyncio.get_running_loop()
        known, one = latest
        if known is not None and known() is loop:
            return one
        one = made[loop] if loop in made else made.setdefault(loop, make())
        latest = (ref(loop), one)
        return one

    return get
