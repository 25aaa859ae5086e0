"""The voice sockets this process has open, and what becomes of their calls when it is asked to stop."""

import asyncio
import logging
from typing import Protocol

logger = logging.getLogger(__name__)

FINISH_SECONDS = 15.0  # for answers under way; what is longer is interrupted, and asked for again elsewhere
HAND_ON_SECONDS = 3.0  # then, for the last facts to be written and shown


class Socket(Protocol):
    def hand_on(self) -> asyncio.Task:
        """Finish what is being said, then have the platform dial again. Asked twice it is done once."""


class Sockets:
    """One per process and event loop."""

    def __init__(self) -> None:
        self._open: set[Socket] = set()
        self._leaving = False

    def opened(self, socket: Socket) -> None:
        self._open.add(socket)
        if self._leaving:
            socket.hand_on()

    def closed(self, socket: Socket) -> None:
        self._open.discard(socket)

    async def hand_on(self) -> None:
        """Let go of every call, each as soon as its answer is finished. Takes 18 s at most."""
        self._leaving = True
        leaving = [socket.hand_on() for socket in self._open]
        if leaving:
            _, late = await asyncio.wait(leaving, timeout=FINISH_SECONDS + HAND_ON_SECONDS)
            if late:
                logger.warning("%d calls could not be handed on in time", len(late))
