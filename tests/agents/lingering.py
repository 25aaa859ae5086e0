"""An adapter whose clients take a moment to close."""

import asyncio

from agents.llm.providers.base import Endpoint


class Client:
    closed = False

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.closed = True


def connect(endpoint: Endpoint) -> Client:
    return Client()
