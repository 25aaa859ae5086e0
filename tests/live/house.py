"""A workspace set up against the simulated world, for tests of live calls."""

import asyncio
import contextlib
import inspect
import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import uvicorn
from websockets.asyncio.client import connect

from accounts.models import Workspace
from agents.models import Agent, LanguageModel, Provider, Tool
from agents.services import publish
from config.server import server_config
from platforms.models import Connection
from simulator import Timing, World
from simulator.tools import CATALOGUE
from simulator.world import API_KEY
from streaming.entries import Item
from streaming.log import Log

# The platform's own clockwork, quicker than life so that tests need not wait for it.
QUICK = Timing(dial_gap=0.05, reconnect_gaps=(0.1,) * 6, ping_every=0.5, ping_lost=3.0, patience=5.0)
GREETING = "Larkfield Energy, billing, this is Odell. How can I help?"
PATIENCE_S = 8.0


@dataclass(slots=True)
class House:
    workspace: Workspace
    agent: Agent
    connection: Connection
    model: LanguageModel


def build(world: World, **version: Any) -> House:
    workspace = Workspace.objects.create(name="Larkfield Energy")
    provider = Provider.objects.create(
        workspace=workspace, name="Simulator", kind="openai", base_url=world.openai_url, api_key="sk-sim"
    )
    model = LanguageModel.objects.create(workspace=workspace, provider=provider, name="sim-fast", tier="fast")
    connection = Connection.objects.create(
        workspace=workspace,
        platform="retell",
        name="Main",
        base_url=world.retell_url,
        api_key=API_KEY,
    )
    for name, (description, parameters) in CATALOGUE.items():
        Tool.objects.create(
            workspace=workspace,
            name=name,
            description=description,
            parameters=parameters,
            url=f"{world.tools_url}/{name}",
        )
    agent = Agent.objects.create(workspace=workspace, name="Odell", topic="Billing", connection=connection)
    fields = {
        "prompt": "You answer questions about bills.",
        "first_message": GREETING,
        "language": "en-GB",
        "tools": [*CATALOGUE, "end_call", "transfer_call"],
    }
    publish(agent, **(fields | version))
    return House(workspace, agent, connection, model)


@contextlib.asynccontextmanager
async def serving(application: Any, fd: socket.socket | None = None) -> AsyncIterator[str]:
    """`application` on the product's own server, in this loop. Gives "127.0.0.1:port"."""
    listening = fd or socket.create_server(("127.0.0.1", 0))
    config = server_config(application)
    config.timeout_graceful_shutdown = 2
    config.lifespan = "off"
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await until(lambda: server.started)
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, PATIENCE_S)


async def until(true: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """What `true`, maybe a coroutine function, answers once that is so. Asked ever less often."""
    pause = 0.005
    async with asyncio.timeout(seconds):
        while True:
            found = true()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(pause)
            pause = min(1.2 * pause, 0.05)


class Peer:
    """The platform's end of a voice socket, played frame by frame."""

    def __init__(self, socket) -> None:
        self.socket = socket
        self.heard: list[dict] = []
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for text in self.socket:
            self.heard.append(json.loads(text))

    async def say(self, frame: Any) -> None:
        await self.socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    async def ask(
        self, response_id: int, *said: tuple[str, str] | dict, kind: str = "response_required"
    ) -> None:
        await self.say({"interaction_type": kind, "response_id": response_id, "transcript": spoken(*said)})

    async def update(self, *said: tuple[str, str]) -> None:
        await self.say({"interaction_type": "update_only", "transcript": spoken(*said)})

    def responses(self, response_id: int) -> list[dict]:
        return [
            frame
            for frame in self.heard
            if frame["response_type"] == "response" and frame["response_id"] == response_id
        ]

    def text(self, response_id: int) -> str:
        return "".join(frame["content"] for frame in self.responses(response_id))

    def of(self, kind: str) -> list[dict]:
        return [frame for frame in self.heard if frame["response_type"] == kind]

    async def answered(self, response_id: int) -> str:
        """Wait for the whole answer; its text."""

        def complete():
            return any(frame["content_complete"] for frame in self.responses(response_id))

        await until(complete)
        return self.text(response_id)

    async def close(self, code: int = 1000) -> None:
        await self.socket.close(code)
        await asyncio.gather(self._reader, return_exceptions=True)

    async def drop(self) -> None:
        """Lose the line without a word."""
        self.socket.transport.abort()
        await asyncio.gather(self._reader, return_exceptions=True)


def spoken(*said: tuple[str, str]) -> list[dict]:
    """A transcript of ("user", their words) and ("r0", what was heard of an answer)."""
    entries = []
    for who, words in said:
        if who == "user":
            entries.append({"role": "user", "content": words})
        else:
            entries.append({"role": "agent", "content": words, "metadata": {"response_id": int(who[1:])}})
    return entries


@contextlib.asynccontextmanager
async def dialled(address: str, agent: Agent, call_id: str) -> AsyncIterator[Peer]:
    url = f"ws://{address}/voice/retell/{agent.key}/{call_id}"
    async with connect(url, proxy=None, ping_interval=None, close_timeout=2) as socket:
        peer = Peer(socket)
        try:
            yield peer
        finally:
            await peer.close()


async def told(topic: str) -> list[dict]:
    """All parts a topic holds, oldest first."""
    return [json.loads(item.data) for item in await items(topic)]


async def items(topic: str) -> list[Item]:
    log = Log()
    try:
        return (await log.recent(topic, 5000)).entries
    finally:
        await log.close()
