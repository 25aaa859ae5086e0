"""What somebody else has to say to whichever process holds a call: the control plane, over the channel layer.

An order may be lost, with Redis or with its process. Nothing is kept that way: what matters is in the record.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer

from live.leases import AWAY

logger = logging.getLogger(__name__)

HOLDERS = "holders"  # the group of all processes that hold calls
AGAIN_SECONDS = 1.0
GIVE_SECONDS = 2.0
REREAD, TRANSFER, END = "reread", "transfer", "end"


@dataclass(frozen=True, slots=True)
class Order:
    """`do`: reread (something was written down about the call), transfer (`to` a number) or end, saying `say`
    first."""

    call: str
    do: str
    to: str = ""
    say: str = ""


Obey = Callable[[Order], None]


async def give(order: Order) -> None:
    """Tell whoever holds the call. Raises what leases.AWAY lists, and TimeoutError."""
    async with asyncio.timeout(GIVE_SECONDS):
        await get_channel_layer().group_send(HOLDERS, {"type": "order", **asdict(order)})


class Orders:
    """The calls of this process that take orders. It listens while there are any."""

    def __init__(self) -> None:
        self._obeying: dict[str, Obey] = {}
        self._task: asyncio.Task | None = None

    def hold(self, call_id: UUID, obey: Obey) -> None:
        """From now on `obey` is called with each order for the call."""
        self._obeying[str(call_id)] = obey
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._listen(), name="orders for calls")

    def release(self, call_id: UUID, obey: Obey) -> None:
        if self._obeying.get(str(call_id)) == obey:
            del self._obeying[str(call_id)]

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except AWAY as error:
                logger.warning("orders for calls cannot be heard: %s", type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _hear(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel("orders")
        try:
            await layer.group_add(HOLDERS, channel)
            while True:
                self._take(await layer.receive(channel))
        finally:
            # What is told to the group would wait there for nobody.
            with suppress(*AWAY):
                async with asyncio.timeout(GIVE_SECONDS):
                    await layer.group_discard(HOLDERS, channel)

    def _take(self, message: Mapping[str, Any]) -> None:
        call, do = message.get("call"), message.get("do")
        obey = self._obeying.get(str(call))
        if obey is None:
            return
        try:
            # One of a newer release may say more than is understood here.
            obey(Order(**{name: value for name, value in message.items() if name != "type"}))
        except Exception:
            # One call's trouble is no other's.
            logger.exception("call %s: %s could not be done", call, do)
