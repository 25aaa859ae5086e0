"""What a platform does: it signs a body and posts it, to the whole ASGI application."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.db import connections

from config import asgi
from platforms.adapters import ADAPTERS
from platforms.models import Connection
from webhooks import intake, lines, unproven


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[bytes, bytes]
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def told(self) -> tuple[int, str]:
        """The status, and what was said: "accepted", "duplicate" or an error's code."""
        said = self.json()
        return self.status, said["status"] if self.status == 200 else said["error"]["code"]


def address_of(connection: Connection) -> str:
    return f"/webhooks/{connection.platform}/{connection.pk}"


def signed(connection: Connection, body: bytes, *, secret: str = "", now: datetime | None = None) -> list:
    """The headers with which the platform sends it."""
    proof = ADAPTERS[connection.platform].sign(
        body, secret or connection.webhook_secret, now or datetime.now(UTC)
    )
    return [(name.encode(), value.encode()) for name, value in proof.items()]


async def ask(
    path: str, method: str = "POST", headers: Iterable = (), parts: Iterable[bytes] = (b"",)
) -> Answer:
    """One request whose body comes in `parts`."""
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"testserver"), *headers],
    }
    sender = ApplicationCommunicator(asgi.application, scope)
    parts = list(parts)
    for number, part in enumerate(parts, start=1):
        more = number < len(parts)
        await sender.send_input({"type": "http.request", "body": part, "more_body": more})
    start = await sender.receive_output(timeout=15)
    body, more = b"", True
    while more:
        message = await sender.receive_output(timeout=15)
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await sender.wait(timeout=5)
    return Answer(start["status"], dict(start["headers"]), body)


async def post(connection: Connection, body: bytes, *, headers: Iterable = (), **signing) -> Answer:
    """A body, signed as the platform does, to the connection's address."""
    return await ask(
        address_of(connection), headers=[*signed(connection, body, **signing), *headers], parts=[body]
    )


async def close() -> None:
    """What a web process does before it ends."""
    await intake.close()
    await unproven.close()
    await lines.close()
    await sync_to_async(connections.close_all)()  # those the ORM took in its thread


def running(make: Callable[[], list[Awaitable]], *, together: bool = False) -> list:
    """Await what `make` gives, one after the other or all together, in a loop that ends as a process does."""

    async def main() -> list:
        try:
            if together:
                return await asyncio.gather(*make())
            return [await each for each in make()]
        finally:
            await close()

    return asyncio.run(main())


def posted(connection: Connection, *bodies: bytes, **options) -> list[Answer]:
    """Post bodies one after the other."""
    return running(lambda: [post(connection, body, **options) for body in bodies])
