"""Calls are held while connections to Redis come and go."""

import asyncio
from uuid import uuid4

import uvloop
from redis.asyncio import Redis

from live.leases import Leases, held
from tests.streaming.running import Relay, eventually, own_redis


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
