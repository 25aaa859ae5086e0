"""One HTTP request to the whole ASGI application, without a server."""

import asyncio
import json
from dataclasses import dataclass

from asgiref.testing import ApplicationCommunicator

from config import asgi


@dataclass
class Answer:
    status: int
    headers: dict[bytes, bytes]
    body: bytes

    def json(self):
        return json.loads(self.body)


async def ask(path: str, method: str = "GET", headers=()) -> Answer:
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": list(headers)}
    browser = ApplicationCommunicator(asgi.application, scope)
    await browser.send_input({"type": "http.request", "body": b"", "more_body": False})
    start = await browser.receive_output(timeout=15)
    body, more = b"", True
    while more:
        message = await browser.receive_output(timeout=15)
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await browser.wait(timeout=5)
    return Answer(start["status"], dict(start["headers"]), body)


def asked(path: str, method: str = "GET", headers=()) -> Answer:
    return asyncio.run(ask(path, method, headers))
