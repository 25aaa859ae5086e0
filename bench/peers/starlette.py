"""What FastAPI with sse-starlette leads to: each connection subscribes to its calls in Redis.

uvicorn bench.peers.starlette:app
"""

import os
from collections.abc import AsyncIterator

import redis.asyncio as redis
from fastapi import FastAPI
from sse_starlette import EventSourceResponse, ServerSentEvent

from bench.speech import CALLS

app = FastAPI()
client = redis.from_url(os.environ["REDIS_URL"], max_connections=10_000)


@app.get("/{run}/{call}")
async def stream(run: int, call: str) -> EventSourceResponse:
    calls = range(CALLS) if call == "all" else [call]
    pubsub = client.pubsub(ignore_subscribe_messages=True)
    await pubsub.subscribe(*(f"bench:{run}:{each}" for each in calls))

    async def events() -> AsyncIterator[ServerSentEvent]:
        async with pubsub:
            yield ServerSentEvent(comment="here")
            number = 0
            async for message in pubsub.listen():
                number += 1
                yield ServerSentEvent(id=str(number), data=message["data"].decode())

    return EventSourceResponse(events(), sep="\n")
