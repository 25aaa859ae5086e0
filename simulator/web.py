"""A very small ASGI framework: enough for the simulator's servers, and deaf to nothing.

A request that is being answered is stopped the moment its client hangs up: the handler (or the
generator that streams) is cancelled at its next await.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

MAX_BODY = 4 * 1024 * 1024
JSON = "application/json"


class Cut(Exception):
    """Raised in a stream to drop the connection in mid-answer, as a failing vendor would."""


@dataclass(slots=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    body: bytes
    params: dict[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The body as JSON; {} for an empty one. Raises ValueError when it is not JSON."""
        return json.loads(self.body) if self.body else {}

    @property
    def bearer(self) -> str:
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""


@dataclass(slots=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = JSON


@dataclass(slots=True)
class Stream:
    """An answer that is sent as it is made. The generator is closed when the client has gone."""

    pieces: AsyncGenerator[bytes, None]
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "text/event-stream; charset=utf-8"


Handler = Callable[[Request], Awaitable[Response | Stream]]


def as_json(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, json.dumps(data, ensure_ascii=False).encode(), headers or {})


class App:
    """Routes by method and path (`/v2/get-call/{id}`) and answers over ASGI."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def route(self, method: str, path: str, handler: Handler) -> None:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        self._routes.append((method, re.compile(f"{pattern}/?$"), handler))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"The simulator does not serve {scope['type']}.")
        request = await _read(scope, receive)
        if request is None:
            return
        answering = asyncio.create_task(self._answer(request, send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (answering, leaving):
                if not task.done():
                    task.cancel()
            results = await asyncio.gather(answering, leaving, return_exceptions=True)
        # A Cut leaves the answer unfinished, and the server then drops the connection.
        if isinstance(results[0], Exception) and not isinstance(results[0], Cut):
            raise results[0]

    async def _answer(self, request: Request, send: Any) -> None:
        response = await self._handle(request)
        headers = {"content-type": response.kind, **response.headers}
        if isinstance(response, Stream):
            await send(_start(200, headers))
            async with contextlib.aclosing(response.pieces) as pieces:
                async for piece in pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        else:
            if response.status != 204:
                headers["content-length"] = str(len(response.body))
            await send(_start(response.status, headers))
            await send({"type": "http.response.body", "body": response.body})

    async def _handle(self, request: Request) -> Response | Stream:
        known = False
        for method, pattern, handler in self._routes:
            if match := pattern.match(request.path):
                known = True
                if method == request.method:
                    request.params = match.groupdict()
                    try:
                        return await handler(request)
                    except json.JSONDecodeError:
                        return as_json({"status": "error", "message": "The body is not JSON."}, 400)
        status = 405 if known else 404
        return as_json({"status": "error", "message": f"Cannot {request.method} {request.path}"}, status)


def _start(status: int, headers: Mapping[str, str]) -> dict[str, Any]:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": pairs}


async def _read(scope: Any, receive: Any) -> Request | None:
    """The whole request; None when the client left before it was told, or told too much."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            return None
        if not message.get("more_body"):
            break
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    return Request(scope["method"], scope["path"], headers, query, bytes(body))


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
