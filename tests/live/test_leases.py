"""Calls are held while connections to Redis come and go."""

import asyncio
from uuid import uuid4

import pytest
import uvloop
from redis.asyncio import Redis
from redis.connection import parse_url

from live.leases import Leases, held
from tests.streaming.nodes import a_pair
from tests.streaming.relay import Relay
from tests.streaming.running import eventually, own_redis


async def is_held_again(leads: Redis, call_id) -> None:
    """Whoever leads has forgotten it, and is told."""
    await leads.flushall()

    async def is_held() -> bool:
        return await held(leads, [call_id]) == {call_id}

    await eventually(is_held, 20)


@pytest.mark.processes
@pytest.mark.soak
async def test_a_call_is_held_where_its_address_leads_after_redis_was_demoted(tmp_path, settings):
    call_id, lost = uuid4(), []
    with a_pair(tmp_path) as (first, second):
        async with Relay(first.dial) as address, Redis(port=second.port) as client:
            settings.REDIS_URL = address.url
            leases = Leases()
            await leases.take(call_id, lambda: lost.append(call_id))

            second.lead()
            address.dial = second.dial
            await asyncio.to_thread(first.follow, second)
            await is_held_again(client, call_id)
            assert not lost
            await leases.close()


def test_a_connection_that_broke_while_it_lay_idle_costs_no_lease(settings):
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(hold_over_what_has_broken(settings))


async def hold_over_what_has_broken(settings) -> None:
    call_id, lost = uuid4(), []
    with own_redis() as server:
        async with Relay(server.dial) as relay, Redis.from_url(server.url) as client:
            settings.REDIS_URL = relay.url
            leases = Leases()
            await leases.take(call_id, lambda: lost.append(call_id))
            await relay.reset(leases._redis)
            await is_held_again(client, call_id)
            assert not lost
            await leases.close()


async def test_what_somebody_holds_nobody_else_can_claim():
    call_id = uuid4()
    ours, theirs = Leases(), Leases()
    try:
        lease = await ours.claim(call_id, lambda: None, "the answer a1")

        assert await theirs.claim(call_id, lambda: None, "another") is None
        assert await ours.claim(call_id, lambda: None, "another") is None
        assert await theirs.about(call_id) == "the answer a1"

        await ours.release(call_id, lease)
        assert await theirs.about(call_id) is None
        assert await theirs.claim(call_id, lambda: None, "another") is not None
    finally:
        await ours.close()
        await theirs.close()


class Forgetful:
    """A way to Redis on which the answer to the first claim gets lost."""

    def __init__(self, url: str) -> None:
        self._path = parse_url(url)["path"]
        self.lost = 0
        self._claimed = False

    async def dial(self):
        self._reader, self._writer = await asyncio.open_unix_connection(self._path)
        return (self, self) if not self.lost else (self._reader, self._writer)

    async def read(self, size: int) -> bytes:
        data = await self._reader.read(size)
        if self._claimed:
            self.lost += 1
            raise ConnectionResetError
        return data

    def write(self, data: bytes) -> None:
        self._claimed = b"NX" in data
        self._writer.write(data)

    async def drain(self) -> None:
        await self._writer.drain()

    @property
    def transport(self) -> asyncio.Transport:
        return self._writer.transport


async def test_a_claim_whose_answer_was_lost_is_ours(settings):
    call_id, way = uuid4(), Forgetful(settings.REDIS_URL)
    async with Relay(way.dial) as relay:
        settings.REDIS_URL = relay.url
        leases = Leases()
        try:
            assert await leases.claim(call_id, lambda: None, "the answer a1")
            assert await leases.claim(call_id, lambda: None, "another") is None
        finally:
            await leases.close()
    assert way.lost == 1
