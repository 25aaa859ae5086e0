"""Somebody who takes webhooks: a real server that remembers every attempt and answers as it is told."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator import Target
from simulator.server import Server
from simulator.web import App, Request, Response

SECRET = "key_of_the_tests"


@dataclass(frozen=True)
class Attempt:
    body: bytes
    signature: str

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def event(self) -> str:
        return self.told["event"]

    @property
    def call(self) -> dict[str, Any]:
        return self.told["call"]


class Receiver:
    """`answer(attempt, n)` is the status for the nth attempt, from 0; None: no answer until it is stopped."""

    def __init__(self, answer: Callable[[Attempt, int], int | None] = lambda attempt, n: 200) -> None:
        self.attempts: list[Attempt] = []
        self._answer = answer
        self._counted = itertools.count()
        self._stopped = asyncio.Event()
        app = App()
        app.route("POST", "/hook", self._take)
        self._server = Server(app)

    async def __aenter__(self) -> "Receiver":
        await self._server.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._stopped.set()
        await self._server.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}/hook"

    def target(self, **options: Any) -> Target:
        return Target(self.url, **({"secret": SECRET} | options))

    @property
    def events(self) -> list[str]:
        return [attempt.event for attempt in self.attempts]

    def of(self, event: str) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.event == event]

    async def _take(self, request: Request) -> Response:
        attempt = Attempt(request.body, request.headers["x-retell-signature"])
        self.attempts.append(attempt)
        status = self._answer(attempt, next(self._counted))
        if status is None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._stopped.wait()
            status = 503
        return Response(status)
