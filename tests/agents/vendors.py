"""A model server that does what a test tells it to, on both vendors' wires, over real HTTP.

A play is a list of steps: `Say`, `Part` (of a tool call), `Stop`, `Counts`, `Wait`, `Until`, `Oops` (an
error event), `Raw` bytes, `HANG`, `CUT`. `Refuse` is an answer that is no stream. What was asked, and when
the other side hung up, is kept in `requests`.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Say:
    text: str | None


@dataclass(frozen=True)
class Part:
    """A piece of a tool call. `index` None is left off the wire (OpenAI's dialects only)."""

    arguments: str
    id: str = ""
    name: str = ""
    index: int | None = 0


@dataclass(frozen=True)
class Stop:
    reason: str = ""  # empty: what the vendor calls a normal end


@dataclass(frozen=True)
class Counts:
    fresh: int
    out: int
    cached: int = 0


@dataclass(frozen=True)
class Wait:
    seconds: float


@dataclass(frozen=True)
class Until:
    happens: asyncio.Event


@dataclass(frozen=True)
class Oops:
    type: str


@dataclass(frozen=True)
class Raw:
    data: bytes


@dataclass(frozen=True)
class Refuse:
    status: int
    type: str = ""
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)


HANG = "hang"
CUT = "cut"
PING = Raw(b': still here\n\nevent: ping\ndata: {"type": "ping", "choices": []}\n\n')

HELLO = [Say("Hel"), Say("lo."), Stop(), Counts(fresh=12, out=3)]


@dataclass
class Seen:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)  # before the answer was complete
    connection: int = 0


class Vendors:
    """`plays[model]` are the plays of a model, one per request; the last is repeated."""

    def __init__(self) -> None:
        self.plays: dict[str, list[Any]] = {}
        self.requests: list[Seen] = []
        self.anybody = asyncio.Event()  # something has been asked
        self._connections = 0
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Vendors":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    def play(self, model: str, *steps: Any) -> None:
        """The next request for `model` is answered like this."""
        self.plays.setdefault(model, []).append(list(steps))

    def asked(self, model: str) -> list[Seen]:
        return [seen for seen in self.requests if seen.body["model"] == model]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        connection = self._connections
        try:
            while seen := await _request(reader):
                seen.connection = connection
                self.requests.append(seen)
                self.anybody.set()
                answering = asyncio.create_task(self._answer(seen, writer))
                leaving = asyncio.create_task(reader.read(1))
                try:
                    await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
                    if not answering.done():
                        seen.hung_up.set()
                        return
                    if not answering.result():
                        return
                finally:
                    answering.cancel()
                    leaving.cancel()
                    await asyncio.gather(answering, leaving, return_exceptions=True)
        except ConnectionError:
            return
        finally:
            writer.close()

    async def _answer(self, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        """False if the connection is no longer usable."""
        plays = self.plays[seen.body["model"]]
        steps = plays.pop(0) if len(plays) > 1 else plays[0]
        wire = _Anthropic(steps) if seen.path.endswith("/messages") else _OpenAI()
        if isinstance(steps[0], Refuse):
            writer.write(_refusal(steps[0], wire))
            return True
        if steps[0] == HANG:
            await asyncio.Event().wait()
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req_1\r\n"
            b"request-id: req_1\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        for step in [None, *steps]:
            if step == HANG:
                await asyncio.Event().wait()
            elif step == CUT:
                writer.transport.abort()
                return False
            elif isinstance(step, Wait):
                await asyncio.sleep(step.seconds)
            elif isinstance(step, Until):
                await step.happens.wait()
            elif isinstance(step, Raw):
                _write(writer, step.data)
            else:
                for frame in wire.opening() if step is None else wire.frames(step):
                    _write(writer, frame)
            await writer.drain()
        if Stop in map(type, steps):
            _write(writer, wire.closing())
        writer.write(b"0\r\n\r\n")
        return True


async def _request(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().rstrip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Seen(first.split()[1], headers, json.loads(body))


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))


def _refusal(refuse: Refuse, wire: Any) -> bytes:
    body = json.dumps(wire.error(refuse.type, refuse.message)).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **refuse.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {refuse.status} No\r\n{lines}\r\n".encode() + body


class _OpenAI:
    def opening(self) -> Iterator[bytes]:
        yield self._chunk({"role": "assistant", "content": ""})

    def frames(self, step: Any) -> Iterator[bytes]:
        match step:
            case Say():
                yield self._chunk({"content": step.text})
            case Part():
                call: dict[str, Any] = {"function": {"arguments": step.arguments}}
                if step.index is not None:
                    call["index"] = step.index
                if step.name:
                    call["function"]["name"] = step.name
                if step.id:
                    call |= {"id": step.id, "type": "function"}
                yield self._chunk({"tool_calls": [call]})
            case Stop():
                yield self._chunk({}, finish_reason=step.reason or "stop")
            case Counts():
                usage = {
                    "prompt_tokens": step.fresh + step.cached,
                    "completion_tokens": step.out,
                    "total_tokens": step.fresh + step.cached + step.out,
                    "prompt_tokens_details": {"cached_tokens": step.cached},
                }
                yield _data(self._body([]) | {"usage": usage})
            case Oops():
                yield _data(self.error(step.type, "It broke."))

    def closing(self) -> bytes:
        return b"data: [DONE]\n\n"

    def error(self, type: str, message: str) -> dict:
        return {"error": {"message": message, "type": "error", "param": None, "code": type or None}}

    def _chunk(self, delta: dict, finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return _data(self._body([choice]))

    def _body(self, choices: list) -> dict:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": choices,
        }


class _Anthropic:
    STOPS = {"": "end_turn", "tool_calls": "tool_use", "length": "max_tokens", "content_filter": "refusal"}

    def __init__(self, steps: list[Any]) -> None:
        self._counts = next((step for step in steps if isinstance(step, Counts)), None)
        self._open: int | None = None
        self._blocks = 0

    def opening(self) -> Iterator[bytes]:
        usage = {"input_tokens": 10, "output_tokens": 1}
        if self._counts:
            usage["input_tokens"] = self._counts.fresh
            usage["cache_read_input_tokens"] = self._counts.cached
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
        yield self._event("message_start", message=message | {"stop_reason": None, "usage": usage})
        yield self._event("ping")

    def frames(self, step: Any) -> Iterator[bytes]:
        match step:
            case Say():
                if self._open is None:
                    yield self._begin({"type": "text", "text": ""})
                yield self._delta({"type": "text_delta", "text": step.text})
            case Part():
                if step.id:
                    yield from self._finish()
                    yield self._begin({"type": "tool_use", "id": step.id, "name": step.name, "input": {}})
                yield self._delta({"type": "input_json_delta", "partial_json": step.arguments})
            case Stop():
                yield from self._finish()
                usage = {"output_tokens": self._counts.out} if self._counts else {"output_tokens": 7}
                delta = {"stop_reason": self.STOPS.get(step.reason, step.reason), "stop_sequence": None}
                yield self._event("message_delta", delta=delta, usage=usage)
            case Oops():
                yield b"event: error\n" + _data({"type": "error"} | self.error(step.type, "It broke."))

    def closing(self) -> bytes:
        return self._event("message_stop")

    def error(self, type: str, message: str) -> dict:
        return {"type": "error", "error": {"type": type, "message": message}}

    def _begin(self, block: dict) -> bytes:
        self._open, self._blocks = self._blocks, self._blocks + 1
        return self._event("content_block_start", index=self._open, content_block=block)

    def _delta(self, delta: dict) -> bytes:
        return self._event("content_block_delta", index=self._open, delta=delta)

    def _finish(self) -> Iterator[bytes]:
        if self._open is not None:
            yield self._event("content_block_stop", index=self._open)
            self._open = None

    def _event(self, type: str, **fields: Any) -> bytes:
        return f"event: {type}\n".encode() + _data({"type": type, **fields})


def _data(value: dict) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()
