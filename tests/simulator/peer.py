"""A tiny agent on a socket: greets, answers every question with the same words, remembers all frames."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

CONFIG = {"auto_reconnect": True, "call_details": True, "transcript_with_tool_calls": True}


class Peer:
    """`answer(peer, socket, frame)` handles a question; without one it says "Of course." at once."""

    def __init__(
        self, answer: Callable[..., Awaitable[None]] | None = None, *, greeting="Hello.", pongs=True
    ):
        self.frames: list[dict] = []
        self.paths: list[str] = []
        self.closes: list[int | None] = []
        self.greeting = greeting
        self.pongs = pongs
        self.sockets: list[ServerConnection] = []
        self._answer = answer or say_of_course

    async def __aenter__(self):
        self._server = await serve(self._serve, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/voice/secret"
        return self

    async def __aexit__(self, *failure):
        self._server.close()
        await self._server.wait_closed()

    def asked(self, kind="response_required"):
        return [frame for frame in self.frames if frame["interaction_type"] == kind]

    async def _serve(self, socket):
        first = socket.request.path not in self.paths
        self.paths.append(socket.request.path)
        self.sockets.append(socket)
        await send(socket, response_type="config", config=CONFIG)
        if first:
            await say(socket, 0, self.greeting)
        tasks = set()
        with contextlib.suppress(ConnectionClosed):
            async for message in socket:
                frame = json.loads(message)
                self.frames.append(frame)
                if frame["interaction_type"] in {"response_required", "reminder_required"}:
                    tasks.add(asyncio.create_task(self._answer(self, socket, frame)))
                elif frame["interaction_type"] == "ping_pong" and self.pongs:
                    await send(socket, response_type="ping_pong", timestamp=frame["timestamp"])
        self.closes.append(socket.close_code)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def send(socket, **frame):
    await socket.send(json.dumps(frame))


async def say(socket, response_id, content, *, complete=True, **extra):
    await send(
        socket,
        response_type="response",
        response_id=response_id,
        content=content,
        content_complete=complete,
        **extra,
    )


async def say_of_course(peer, socket, frame):
    await say(socket, frame["response_id"], "Of course.")
