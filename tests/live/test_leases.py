"""Calls are held while connections to Redis come and go."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
import uvloop
from redis.asyncio import Redis

from live.leases import Leases, held
from tests.streaming.running import Relay, eventually, own_redis
from tests.streaming.test_epochs import Address, Node


@pytest.fixture
def pair(tmp_path) -> Iterator[tuple[Node, Node]]:
    first, second = Node(tmp_path / "first"), Node(tmp_path / "second")
    second.follow(first)
    yield first, second
    first.stop()
    second.stop()


@pytest.mark.processes
@pytest.mark.soak
async def test_a_call_is_held_where_its_address_leads_after_redis_was_demoted(pair, settings):
    first, second = pair
    address, call_id, lost = Address(first), uuid4(), []
    await address.open()
    settings.REDIS_URL = address.url
    leases = Leases()
    await leases.take(call_id, lambda: lost.append(call_id))

    second.lead()
    address.node = second
    await asyncio.to_thread(first.follow, second)
    async with Redis(port=second.port) as client:
        await client.flushall()

        async def is_held() -> bool:
            return await held(client, [call_id]) == {call_id}

        await eventually(is_held, 20)
    assert not lost
    await leases.close()
    await address.close()


def test_a_connection_that_broke_while_it_lay_idle_costs_no_lease(settings):
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(hold_over_what_has_broken(settings))


async def hold_over_what_has_broken(settings) -> None:
    with own_redis() as server:
        relay, call_id, lost = Relay(server), uuid4(), []
        await relay.open()
        settings.REDIS_URL = relay.url
        leases = Leases()
        await leases.take(call_id, lambda: lost.append(call_id))
        await relay.reset(leases._redis)
        async with Redis.from_url(server.url) as client:
            await client.flushall()

            async def is_held() -> bool:
                return await held(client, [call_id]) == {call_id}

            await eventually(is_held, 20)
        assert not lost
        await leases.close()
        relay.close()
