"""What is spent is the same for all processes, whatever becomes of them and of Redis."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async

from agents.llm import counters
from agents.llm.counters import USD, Counter, Counters, Hold, read
from agents.llm.errors import ProviderError
from agents.periods import starts
from base.ids import uuid7
from base.shared import Shared
from tests.agents.wallet import Deaf, ask, forget, held, refusal
from tests.base.silence import silent_redis
from tests.live.house import until


async def test_a_counter_that_redis_forgot_begins_anew_from_the_records(process, budget, request_of, spend):
    await budget(hard_usd="0.50")
    budgets, shared = process(), Shared(seconds=30.0)
    await spend("0.30")
    await ask(budgets, request_of(), cost="0.10")
    await budgets.counters.drain()
    await spend("0.10")  # its record
    await forget(shared)

    await ask(budgets, request_of(), cost="0.10")  # 0.40 was spent, and this is not recorded

    assert (await refusal(budgets, request_of())).code == "budget_spent"
    assert (await refusal(process(), request_of())).code == "budget_spent"
    await shared.close()


async def test_the_records_are_added_up_by_one_of_all_processes_and_again_when_it_is_time(
    process, request_of, spend, workspace
):
    counter = Counter(workspace.pk)

    async def spent_as_told_to_another_process() -> int:
        of_its_own = process().counters
        of_its_own.settle(await of_its_own.hold(uuid7().hex, [counter], [None], 5), 0)
        await of_its_own.drain(60)
        return of_its_own.spent(counter)

    await spend("0.1")
    assert await spent_as_told_to_another_process() == int(USD * 0.1)
    await spend("0.2")  # nobody told
    assert await spent_as_told_to_another_process() == int(USD * 0.1)

    shared = Shared(seconds=30.0)
    await shared.client.hset(counter.key, "due", 1)

    assert await spent_as_told_to_another_process() == int(USD * 0.1 + USD * 0.2)
    await shared.close()


async def test_the_end_of_a_process_does_not_wait_for_a_redis_that_says_nothing(process, workspace):
    async with silent_redis() as address:
        alone = process(url=address).counters
        alone.settle(Hold("a", (Counter(workspace.pk),), 5), 0)

        await alone.drain(0)

        assert not alone._settling


async def test_what_is_settled_counts_once_however_the_records_are_read(
    request_of, spend, workspace, transactional_db, dropped_connections
):
    """Recorded or not yet, before the counter is begun anew or after."""
    counter, shared = Counter(workspace.pk), Shared(seconds=30.0)
    process = Counters(shared, count_seconds=30.0)
    names = [uuid7(), uuid7()]
    for name in names:
        process.settle(await process.hold(name.hex, [counter], [None], 5), int(USD * 0.1))
    await process.drain()
    await spend("0.1", id=names[0])
    await spend("0.7")

    for _ in range(2):
        await process._count_anew(counter)
        assert await process.used([counter]) == [int(USD * 0.9)]
    await spend("0.1", id=names[1])
    await process._count_anew(counter)

    assert await process.used([counter]) == [int(USD * 0.9)]
    assert (await sync_to_async(read)(counter))[0] == int(USD * 0.9)
    await shared.close()


async def test_what_a_dead_process_held_is_let_go(process, budget, request_of, workspace):
    added = await budget(hard_usd="0.001")
    dead, shared = process(), Shared(seconds=30.0)
    await ask(dead, request_of())
    await refusal(process(), request_of())

    counter = Counter(workspace.pk, since=starts("day", datetime.now(UTC)), budget_id=added.pk)
    (hold,) = await held(shared, counter)
    await shared.client.zadd(f"{counter.key}:held", {hold: 1})  # long ago

    await ask(process(), request_of())
    await shared.close()


async def test_who_gives_up_while_asking_holds_nothing(process, budget, request_of):
    await budget(hard_usd="0.05")
    budgets = process()
    await ask(budgets, request_of())
    asking = asyncio.create_task(ask(budgets, request_of(max_tokens=9_000)))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    await budgets.counters.drain()

    await ask(process(), request_of())


@pytest.mark.parametrize("gives_up", [False, True])
async def test_what_is_not_used_is_not_held_though_the_answer_of_redis_was_lost(
    gives_up, process, budget, request_of, spend, workspace
):
    added = await budget(hard_usd="0.05")
    budgets = process(Deaf)
    await ask(budgets, request_of(), cost="0.01")
    await budgets.counters.drain()
    await spend("0.05")  # so that it is refused by the records
    redis = budgets.counters._shared
    redis.deaf = True

    asking = asyncio.create_task(ask(budgets, request_of()))
    if gives_up:
        await asyncio.sleep(0)
        asking.cancel()
    (ended,) = await asyncio.gather(asking, return_exceptions=True)
    await budgets.counters.drain()

    assert isinstance(ended, asyncio.CancelledError if gives_up else ProviderError)
    assert not redis.deaf
    assert (
        await held(redis, Counter(workspace.pk, since=starts("day", datetime.now(UTC)), budget_id=added.pk))
        == []
    )


async def test_what_was_settled_while_redis_was_away_is_counted_when_it_is_back(
    process, budget, request_of, spend
):
    await budget(hard_usd="0.30")
    budgets = process()
    await ask(budgets, request_of(), cost="0.10")
    away = budgets.counters._shared
    away._resting_until = float("inf")
    await ask(budgets, request_of(), cost="0.20")
    await until(lambda: budgets.counters._untold)
    await spend("0.10")
    await spend("0.20")
    away._resting_until = 0

    await refusal(budgets, request_of())
    await refusal(process(), request_of())


async def test_what_was_settled_while_redis_was_away_is_let_go_of_when_it_is_back(
    process, budget, request_of, spend, workspace, monkeypatch
):
    monkeypatch.setattr(counters, "AGAIN_SECONDS", 0.01)
    added = await budget(hard_usd="0.30")
    budgets = process()
    redis = budgets.counters._shared
    reservation = await ask(budgets, request_of())
    redis._resting_until = float("inf")
    reservation.settle(Decimal("0.10"))
    await spend("0.10")
    await until(lambda: budgets.counters._untold)
    redis._resting_until = 0

    await budgets.counters.drain(60)

    counter = Counter(workspace.pk, since=starts("day", datetime.now(UTC)), budget_id=added.pk)
    assert await held(redis, counter) == []
    assert await process().counters.used([counter]) == [int(USD * 0.10)]
