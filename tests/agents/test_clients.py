import asyncio

import pytest

from agents.llm.clients import ADAPTERS, Clients
from agents.llm.providers.base import Endpoint


def endpoint(name: str) -> Endpoint:
    return Endpoint("openai", f"http://{name}/v1", "sk")


async def test_all_who_ask_an_endpoint_share_one_client():
    clients = Clients()

    async def ask():
        async with clients.lease(endpoint("a")) as client:
            await asyncio.sleep(0)
            return client

    one, *others = await asyncio.gather(*[ask() for _ in range(5)])

    assert all(other is one for other in others)
    await clients.close()
    assert one.is_closed()


async def test_it_closes_the_one_that_rested_longest():
    clients = Clients(size=2)
    used = {}
    for name in "abac":
        async with clients.lease(endpoint(name)) as client:
            used[name] = client

    assert [used[name].is_closed() for name in "abc"] == [False, True, False]
    await clients.close()


async def test_it_never_closes_one_in_use():
    clients = Clients(size=1)
    async with clients.lease(endpoint("a")) as busy:
        async with clients.lease(endpoint("b")):
            pass
        assert not busy.is_closed()

    assert not busy.is_closed()
    await clients.close()
    assert busy.is_closed()


async def test_one_who_gives_up_does_not_spoil_it_for_the_others():
    clients = Clients()

    async def ask():
        async with clients.lease(endpoint("a")) as client:
            return client

    first, second = asyncio.create_task(ask()), asyncio.create_task(ask())
    await asyncio.sleep(0)
    first.cancel()

    assert not (await second).is_closed()
    with pytest.raises(asyncio.CancelledError):
        await first
    await clients.close()


async def test_one_that_is_asked_for_while_others_close_stays_open(monkeypatch):
    monkeypatch.setitem(ADAPTERS, "lingering", "tests.agents.lingering")
    one, two = (Endpoint("lingering", f"http://{name}/v1", "sk") for name in "ab")
    clients = Clients()
    for endpoint in (one, two):
        async with clients.lease(endpoint):
            pass

    closing = asyncio.create_task(clients.close())
    await asyncio.sleep(0)
    async with clients.lease(two) as client:
        await closing
        assert not client.closed
    await clients.close()
