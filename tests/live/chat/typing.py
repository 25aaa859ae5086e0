"""Somebody who types, and what their client makes of the stream."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx

from accounts.models import Workspace
from agents.models import Agent
from calls.models import Turn
from tests.agents.vendors import Counts, Part, Say, Stop

# An answer that looks a bill up, and the rest of it.
LOOKS = [Say("Let me see. "), Part('{"month": "May"}', id="c1", name="bill__lookup"), Stop("tool_calls")]
FOUND = [Say("It is 12 pounds."), Stop(), Counts(40, 6, 10)]


@dataclass(slots=True)
class House:
    workspace: Workspace
    agent: Agent
    token: str


class Shop:
    """A tool's service: answers each request with the next of `answers`, or waits until it is `open`."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str]] = []
        self.asked: list[dict] = []
        self.open = asyncio.Event()
        self.open.set()

    async def __aenter__(self) -> "Shop":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.split("content-length: ")[1].split("\r\n")[0])
                self.asked.append(json.loads(await reader.readexactly(length)))
                await self.open.wait()
                status, text = self.answers.pop(0) if self.answers else (200, '{"due": 12}')
                body = text.encode()
                writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        writer.close()


@dataclass
class Told:
    """One response, as far as it was read."""

    response: httpx.Response
    parts: list[dict] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    done: bool = False

    @property
    def text(self) -> str:
        return "".join(part["delta"] for part in self.of("text-delta"))

    @property
    def key(self) -> str:
        return self.parts[0]["messageId"]

    @property
    def types(self) -> list[str]:
        """In order, deltas of a text once."""
        types = [part["type"] for part in self.parts]
        return [kind for i, kind in enumerate(types) if i == 0 or not (kind == types[i - 1] == "text-delta")]

    def of(self, kind: str) -> list[dict]:
        return [part for part in self.parts if part["type"] == kind]

    async def read(self, until=lambda told: False) -> "Told":
        """Read on, to the end unless `until` holds before."""
        async for line in self._lines:
            if line == "data: [DONE]":
                self.done = True
            elif line.startswith("data: "):
                self.parts.append(json.loads(line.removeprefix("data: ")))
            elif line.startswith(":"):
                self.comments.append(line)
            if until(self):
                break
        return self

    def __post_init__(self) -> None:
        self._lines = self.response.aiter_lines()


class Chatter:
    def __init__(self, client: httpx.AsyncClient, house: House) -> None:
        self.client = client
        self.house = house

    def body(self, text: str = "Hello?", message_id: str = "u1", **fields) -> dict:
        message = {"id": message_id, "role": "user", "parts": [{"type": "text", "text": text}]}
        known = {
            "id": "chat-1",
            "messages": [message],
            "trigger": "submit-message",
            "agentId": str(self.house.agent.pk),
        }
        return {name: value for name, value in (known | fields).items() if value is not ...}

    @contextlib.asynccontextmanager
    async def asking(self, *args, **fields) -> AsyncIterator[Told]:
        body = self.body(*args, **fields)
        async with self.client.stream("POST", "/api/chat", json=body) as response:
            yield Told(response)

    async def ask(self, *args, **fields) -> Told:
        """Ask, and read the whole answer."""
        async with self.asking(*args, **fields) as told:
            assert told.response.status_code == 200, await told.response.aread()
            return await told.read()

    async def refused(self, *args, **fields) -> httpx.Response:
        return await self.client.post("/api/chat", json=self.body(*args, **fields))

    @contextlib.asynccontextmanager
    async def resuming(self, chat_id: str = "chat-1") -> AsyncIterator[Told]:
        async with self.client.stream("GET", f"/api/chat/{chat_id}/stream") as response:
            yield Told(response)

    async def stop(self, chat_id: str = "chat-1") -> dict:
        return (await self.client.post(f"/api/chat/{chat_id}/stop")).raise_for_status().json()


async def turns() -> list[Turn]:
    return [turn async for turn in Turn.objects.order_by("n")]


async def read(model, n: int = -1) -> list[tuple[str, str]]:
    """What the model was told, without its instructions."""
    return [(m["role"], m["content"]) for m in model.asked("m")[n].body["messages"][1:]]
