"""The platform's socket to whoever answers its calls: dial, keep alive, come back."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from simulator.pace import Timing

MAX_FRAME = 4 * 1024 * 1024
SEND_WITHIN = 10.0
HUNG_UP = "agent_hangup"


class Line:
    """One call's socket. run() returns the reason the call is over.

    `on_frame(frame)` gets every JSON object that arrives; `on_back()` is told after each reconnect.
    """

    def __init__(
        self,
        url: str,
        timing: Timing,
        on_frame: Callable[[dict[str, Any]], Awaitable[None]],
        on_back: Callable[[], Awaitable[None]],
    ) -> None:
        self.url = url
        self._timing = timing
        self._on_frame = on_frame
        self._on_back = on_back
        self._socket: ClientConnection | None = None
        self._keep_alive = False
        self._heard = 0.0
        self._pinging: asyncio.Task[None] | None = None
        self.reconnects = 0
        self.opened = asyncio.Event()
        self._silent_pings = 0

    async def run(self) -> str:
        """Hold the line until it is over; the platform's disconnection reason."""
        try:
            if not await self._dial():
                return "error_llm_websocket_open"
            while True:
                reason = await self._listen()
                if reason:
                    return reason
                if not await self._redial():
                    return "error_llm_websocket_lost_connection"
                await self._on_back()
        finally:
            await self._stop_pinging()

    async def send(self, frame: dict[str, Any]) -> None:
        """Send one frame. While the line is down it is lost, as on a real line."""
        if self._socket is None:
            return
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(SEND_WITHIN):
                await self._socket.send(json.dumps(frame, ensure_ascii=False))

    def keep_alive(self) -> None:
        """The other side asked for pings."""
        self._keep_alive = True
        self._heard = time.monotonic()
        if self._pinging is None:
            self._pinging = asyncio.create_task(self._ping())

    def heard_ping(self) -> None:
        self._heard = time.monotonic()

    async def hang_up(self) -> None:
        """Close as the platform does at the end of a call."""
        if self._socket is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await self._socket.close(1000)

    # --- inside ----------------------------------------------------------------------------------

    async def _open(self) -> bool:
        try:
            self._socket = await connect(
                self.url,
                open_timeout=self._timing.dial_timeout,
                close_timeout=2,
                ping_interval=None,
                max_size=MAX_FRAME,
                proxy=None,
            )
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI, EOFError):
            self._socket = None
            return False
        self._heard = time.monotonic()
        self.opened.set()
        return True

    async def _dial(self) -> bool:
        for attempt in range(self._timing.dial_tries):
            if attempt:
                await asyncio.sleep(self._timing.dial_gap)
            if await self._open():
                return True
        return False

    async def _redial(self) -> bool:
        """Come back after an abnormal drop; the tries are counted over the whole call."""
        self._socket = None
        while self.reconnects < len(self._timing.reconnect_gaps):
            await asyncio.sleep(self._timing.reconnect_gaps[self.reconnects])
            self.reconnects += 1
            if await self._open():
                return True
        return False

    async def _listen(self) -> str:
        """Read until the socket closes: the reason the call is over, or "" when it just dropped."""
        socket = self._socket
        if socket is None:
            return ""
        try:
            async for message in socket:
                if isinstance(message, bytes):
                    await socket.close(1007)
                    return "error_llm_websocket_corrupt_payload"
                frame = _parse(message)
                if frame is not None:
                    await self._on_frame(frame)
        except ConnectionClosed:
            pass
        if socket.close_code == 1000:
            # Closed by the other side on purpose; or by us, when nobody asks for the reason any more.
            return HUNG_UP
        if self._silent_pings > self._timing.ping_reconnects:
            return "error_llm_websocket_lost_connection"
        return ""

    async def _ping(self) -> None:
        """Ping while the line is up; drop it when the other side has been silent for too long."""
        while True:
            await asyncio.sleep(self._timing.ping_every)
            if self._socket is None:
                continue
            if time.monotonic() - self._heard > self._timing.ping_lost:
                self._silent_pings += 1
                self._heard = time.monotonic()
                await self._socket.close(1002, "no ping")
                continue
            await self.send({"interaction_type": "ping_pong", "timestamp": time.time_ns() // 1_000_000})

    async def _stop_pinging(self) -> None:
        if self._pinging is not None:
            self._pinging.cancel()
            await asyncio.gather(self._pinging, return_exceptions=True)


def _parse(message: str) -> dict[str, Any] | None:
    """One JSON object; anything else is dropped silently, as the platform does."""
    try:
        frame = json.loads(message)
    except ValueError:
        return None
    return frame if isinstance(frame, dict) else None
