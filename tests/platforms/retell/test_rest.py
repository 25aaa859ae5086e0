"""What we ask of the platform, and the same by its official SDK, of the simulated one."""

import asyncio
import json
from contextlib import nullcontext

import httpx
import pytest

from platforms.agents import Account, Ids
from platforms.errors import NotThere, PlatformError
from platforms.retell import agents
from platforms.retell.rest import RetellApi
from simulator import Timing, World
from simulator.world import API_KEY
from tests.sdks import retell

NOBODY = "ws://127.0.0.1:9/nobody"


@pytest.fixture
async def world():
    timing = Timing(dial_tries=1, dial_timeout=1.0)
    async with World(seed=1, speed=100, timing=timing) as world:
        yield world


async def test_it_reads_a_call(world):
    placed = await world.call("refund", NOBODY)

    async with RetellApi(API_KEY, world.retell_url) as api:
        call = await api.get_call(placed.id)

    assert call["call_id"] == placed.id
    assert call["disconnection_reason"] == "error_llm_websocket_open"


async def test_it_reads_what_the_official_sdk_reads(world):
    placed = await world.call("refund", NOBODY)

    async with (
        RetellApi(API_KEY, world.retell_url) as api,
        retell.AsyncRetell(api_key=API_KEY, base_url=world.retell_url) as sdk,
    ):
        raw = await sdk.call.with_raw_response.retrieve(placed.id)
        ours, theirs = await api.get_call(placed.id), json.loads(raw.http_response.content)
        assert {**ours, "call_analysis": None} == {**theirs, "call_analysis": None}  # it may come meanwhile


async def test_a_call_it_does_not_know_is_no_reason_to_ask_again(world):
    async with RetellApi(API_KEY, world.retell_url) as api:
        with pytest.raises(PlatformError, match="Retell answered 422") as failure:
            await api.get_call("call_nobody")

    assert failure.value.retryable is False


async def test_a_wrong_key_is_said_so(world):
    async with RetellApi("key_wrong", world.retell_url) as api:
        with pytest.raises(PlatformError, match="Retell answered 401"):
            await api.get_call("call_nobody")


async def test_a_platform_that_is_away_may_come_back():
    async with RetellApi(API_KEY, "http://127.0.0.1:9") as api:
        with pytest.raises(PlatformError, match="could not be reached") as failure:
            await api.get_call("call_nobody")

    assert failure.value.retryable is True


@pytest.mark.parametrize(
    ("status", "latest", "published"), [(404, 3, True), (404, 4, False), (422, 3, False)]
)
async def test_of_older_platforms_nobody_elses_draft_is_published(status, latest, published):
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path == "/publish-agent-version/agent_1":
            return httpx.Response(status)
        return httpx.Response(200, json={"version": latest} if request.method == "GET" else {})

    async with RetellApi(API_KEY, transport=httpx.MockTransport(answer)) as api:
        with nullcontext() if published else pytest.raises(NotThere):
            await api.publish_agent("agent_1", 3, "Earshot v1")

    assert ("/publish-agent/agent_1" in asked) is published


async def test_an_agent_that_is_told_without_its_version_is_a_failure_of_theirs():
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"is_published": True})

    account = Account(API_KEY, "", lambda: httpx.MockTransport(answer))
    with pytest.raises(PlatformError, match="without its version"):
        await agents.put(account, Ids("agent_1"), {"name": "Odell"}, "Earshot v1")


async def test_a_draft_is_taken_away_again_when_publishing_takes_too_long():
    asked, hangs = [], asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path))
        if "publish" in request.url.path:
            hangs.set()
            await asyncio.Event().wait()
        return httpx.Response(200, json={"is_published": True, "version": 3})

    account = Account(API_KEY, "", lambda: httpx.MockTransport(answer))
    putting = asyncio.create_task(agents.put(account, Ids("agent_1"), {"name": "Odell"}, "Earshot v1"))
    await asyncio.wait_for(hangs.wait(), 20)
    putting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await putting
    assert asked[-1] == ("DELETE", "/delete-agent-version/agent_1")
