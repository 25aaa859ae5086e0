"""Between a question and its answer: who leaves just then, and who turns out not to hold the chat."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.db import transaction
from django.test import AsyncRequestFactory
from redis.asyncio import Redis

from accounts.access import Viewer
from calls.models import Call, Turn
from live.chat import views
from live.process import leases
from tests.live.house import until


@asynccontextmanager
async def kept_from(call: Call) -> AsyncIterator[None]:
    """Nobody else can write into the chat meanwhile."""
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Call.objects.select_for_update().get(pk=call.pk)
            held.set()
            free.wait(30)

    holding = asyncio.create_task(database_sync_to_async(hold, thread_sensitive=False)())
    try:
        await until(held.is_set)
        yield
    finally:
        free.set()
        await holding


async def begin(chatter, call: Call, text: str, message_id: str) -> asyncio.Task:
    """Ask; the chat is claimed, and the question not written down yet."""
    house = chatter.house
    body = json.dumps(chatter.body(text, message_id))
    request = AsyncRequestFactory().post("/api/chat", body, content_type="application/json")
    request.workspace = house.workspace
    request.viewer = Viewer(None, house.workspace.pk, "operator", "a page", token_id=uuid4())
    asking = asyncio.create_task(views.chat(request))

    async def is_claimed() -> bool:
        return (await leases().about(call.pk) or "").endswith(f" {message_id}")

    await until(is_claimed)
    return asking


async def test_who_leaves_before_the_answer_has_begun_is_answered_all_the_same(chatter):
    await chatter.ask("Hello?", "u1")
    call = await Call.objects.aget()
    async with kept_from(call):
        asking = await begin(chatter, call, "And?", "u2")
        asking.cancel()
        await asyncio.wait([asking])

    async def roles() -> bool:
        return [turn.role async for turn in Turn.objects.order_by("n")] == ["caller", "agent"] * 2

    await until(roles)


async def test_who_has_lost_the_chat_by_then_does_not_answer(chatter, model, settings):
    await chatter.ask("Hello?", "u1")
    call = await Call.objects.aget()
    async with kept_from(call), Redis.from_url(settings.REDIS_URL) as client:
        asking = await begin(chatter, call, "And?", "u2")
        await client.set(f"lease:{call.pk}", "somebody else", px=60_000)
        await until(lambda: call.pk not in leases()._held)

    refused = await asking

    assert (refused.status_code, json.loads(refused.content)["error"]["code"]) == (409, "answer_running")
    assert len(model.requests) == 1
    assert await sync_to_async(Turn.objects.filter(role="agent").count)() == 1
