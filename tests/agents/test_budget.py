"""Models cost no more than they may, whoever asks at the same time and whatever Redis does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from agents.llm.budget import Budgets, Reservation, estimate
from agents.llm.chain import Candidate
from agents.llm.counters import USD, Counter, Counters, Hold, read
from agents.llm.errors import ProviderError
from agents.llm.pricing import Prices
from agents.llm.providers.base import Endpoint, Model
from agents.models import Agent, Budget, ModelCall
from agents.periods import starts
from base.ids import uuid7
from base.shared import Away, Shared, shared
from tests.agents.vendors import Counts, Refuse, Say, Stop
from tests.base.silence import silent_redis

MODEL = Candidate(
    Model(Endpoint("openai", "", ""), "a", 8.0), "p", "premium", Prices(Decimal(2), Decimal(10))
)


@pytest.fixture
async def process(transactional_db, dropped_connections) -> AsyncIterator[Callable[..., Budgets]]:
    """`process()` is what another process of ours knows of budgets."""
    made: list[tuple[Budgets, Shared]] = []

    def make(kind: type[Shared] = Shared, **redis: Any) -> Budgets:
        shared = kind(**({"seconds": 30.0} | redis))
        made.append((Budgets(Counters(shared, count_seconds=30.0)), shared))
        return made[-1][0]

    yield make
    for budgets, redis in made:
        await budgets.counters.drain()
        await redis.close()


@pytest.fixture
def budget(workspace) -> Callable[..., Any]:
    def add(**fields: Any) -> Budget:
        return Budget.objects.create(**({"workspace": workspace, "period": "day"} | fields))

    return sync_to_async(add)


@pytest.fixture
def spend(workspace) -> Callable[..., Any]:
    """`await spend("0.25")` is written down as spent."""

    def add(usd: str, **fields: Any) -> ModelCall:
        fields = {"feature": "voice", "provider": "p", "model": "m"} | fields
        return ModelCall.objects.create(workspace=workspace, cost_usd=Decimal(usd), **fields)

    return sync_to_async(add)


@pytest.fixture
async def ask_models(ask) -> Callable[..., Any]:
    """Through the router, which waits for Redis however slow this machine is."""
    shared().seconds = 30.0
    return ask


class Deaf(Shared):
    """Redis hears the question; the answer to one of them is lost, once `deaf` is set."""

    deaf = False

    async def ask(self, question):
        answer = await super().ask(question)
        if self.deaf:
            self.deaf = False
            raise Away
        return answer


async def ask(budgets: Budgets, request, *, cost: str | None = None) -> Reservation:
    reservation = await budgets.reserve(request, MODEL, uuid7())
    if cost is not None:
        reservation.settle(Decimal(cost))
    return reservation


async def refusal(budgets: Budgets, request) -> ProviderError:
    with pytest.raises(ProviderError) as refused:
        await budgets.reserve(request, MODEL, uuid7())
    assert refused.value.type == "budget_exceeded"
    assert not refused.value.falls_through
    return refused.value


async def test_processes_that_ask_together_pass_a_limit_by_less_than_one_reservation(
    process, budget, request_of, workspace
):
    await budget(hard_usd="0.05")
    processes = [process() for _ in range(5)]
    request = request_of(max_tokens=1_000)
    one = estimate(request, MODEL)
    granted = 0

    async def answer(budgets: Budgets) -> None:
        nonlocal granted
        try:
            reservation = await ask(budgets, request)
        except ProviderError:
            return
        granted += 1
        reservation.settle(Decimal(one) / USD)

    for _ in range(2):
        await asyncio.gather(*(answer(budgets) for budgets in processes for _ in range(10)))

    hard = int(Decimal("0.05") * USD)
    assert hard <= granted * one < hard + one


async def test_over_a_soft_limit_cheaper_models_are_asked(process, budget, request_of, workspace):
    juno = await Agent.objects.acreate(workspace=workspace, name="Juno")
    await budget(agent=juno, soft_usd="0.10", hard_usd="1")
    budgets = process()
    asked = request_of(tier="premium", agent_id=juno.pk)

    assert await budgets.tier(asked) == "premium"
    await ask(budgets, asked, cost="0.10")

    assert await budgets.tier(asked) == "standard"
    assert await budgets.tier(replace(asked, tier="standard")) == "fast"
    assert await budgets.tier(replace(asked, tier="fast")) == "fast"
    assert await budgets.tier(request_of(tier="premium")) == "premium"  # nobody's budget


async def test_a_refusal_says_whose_budget_it_is_and_when_the_next_begins(
    process, budget, request_of, workspace
):
    juno = await Agent.objects.acreate(workspace=workspace, name="Juno")
    await budget(agent=juno, hard_usd="0.01", period="month")
    budgets = process()
    asked = request_of(agent_id=juno.pk, call_id=uuid4())

    reservation = await ask(budgets, asked)
    under_way = await refusal(budgets, asked)
    reservation.settle(Decimal("0.01"))
    reservation.settle(Decimal("5"))  # changes nothing any more
    spent = await refusal(budgets, asked)

    assert under_way.retryable
    assert under_way.message == (
        "This agent's budget for this month is held for answers under way. Try again in a moment."
    )
    december = starts("month", datetime.now(UTC), later=1)
    assert not spent.retryable
    assert spent.message == (
        f"This agent's budget for this month is used up. The next begins on {december:%-d %B} at 00:00 UTC."
    )
    await ask(budgets, request_of())  # others go on


async def test_a_call_has_a_cap_of_its_own(process, request_of, spend):
    budgets, call_id = process(), uuid4()
    await spend("0.20", call_id=call_id)
    capped = request_of(call_id=call_id, call_cap_usd=Decimal("0.21"))

    await ask(budgets, capped, cost="0.02")

    refused = await refusal(budgets, capped)
    assert refused.message == "What this call may spend on models is used up."
    await ask(budgets, replace(capped, call_id=uuid4()))


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
        counters = process().counters
        counters.settle(await counters.hold(uuid7().hex, [counter], [None], 5), 0)
        await counters.drain(60)
        return counters.spent(counter)

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
        counters = process(url=address).counters
        counters.settle(Hold("a", (Counter(workspace.pk),), 5), 0)

        await counters.drain(0)

        assert not counters._settling


async def test_what_is_settled_counts_once_however_the_records_are_read(
    process, request_of, spend, workspace
):
    """Recorded or not yet, before the counter is begun anew or after."""
    counter, shared = Counter(workspace.pk), Shared(seconds=30.0)
    counters = Counters(shared, count_seconds=30.0)
    names = [uuid7(), uuid7()]
    for name in names:
        counters.settle(await counters.hold(name.hex, [counter], [None], 5), int(USD * 0.1))
    await counters.drain()
    await spend("0.1", id=names[0])
    await spend("0.7")

    for _ in range(2):
        await counters._count_anew(counter)
        assert await counters.used([counter]) == [int(USD * 0.9)]
    await spend("0.1", id=names[1])
    await counters._count_anew(counter)

    assert await counters.used([counter]) == [int(USD * 0.9)]
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


async def test_without_redis_a_caller_is_answered_and_a_limit_that_is_reached_holds(
    process, budget, request_of, spend, workspace
):
    juno = await Agent.objects.acreate(workspace=workspace, name="Juno")
    await budget(hard_usd="0.30")
    await budget(agent=juno, hard_usd="0.10")
    await spend("0.10", agent=juno)
    async with silent_redis() as address:
        alone = process(url=address, seconds=0.01)

        await refusal(alone, request_of(agent_id=juno.pk))  # by the records
        await ask(alone, request_of(), cost="0.19")
        await ask(alone, request_of())  # by what was spent since: 0.29, and this is held
        assert (await refusal(alone, request_of())).code == "budget_held"


async def test_those_who_ask_together_without_redis_pass_a_limit_by_less_than_one_reservation(
    process, budget, request_of
):
    for period in ("day", "month"):
        await budget(period=period, hard_usd="0.05")
    request = request_of(max_tokens=1_000)
    one = estimate(request, MODEL)
    async with silent_redis() as address:
        alone = process(url=address, seconds=0.01)
        asked = await asyncio.gather(*(ask(alone, request) for _ in range(20)), return_exceptions=True)

    granted = sum(isinstance(answer, Reservation) for answer in asked)
    assert Decimal("0.05") * USD <= granted * one < Decimal("0.05") * USD + one


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
    await budgets.counters.drain()
    await spend("0.10")
    await spend("0.20")
    away._resting_until = 0

    await refusal(budgets, request_of())
    await refusal(process(), request_of())


async def test_without_a_budget_nobody_is_asked(process, request_of):
    class Unasked(Shared):
        async def ask(self, question):
            raise AssertionError("Redis is asked for nothing")

    budgets = Budgets(Counters(Unasked()))

    await ask(budgets, request_of(), cost="3")
    assert await budgets.tier(request_of(tier="premium")) == "premium"


async def test_fifty_at_once_that_fall_back_pass_the_limit_by_less_than_one_reservation(
    ask_models, add_model, vendors, budget, request_of, recorded
):
    await add_model("a")
    await add_model("b")
    vendors.play("a", Refuse(503))
    vendors.play("b", Say("It is."), Stop(), Counts(fresh=12, out=1_000))
    await budget(hard_usd="0.05")
    most = Decimal(estimate(request_of(max_tokens=1_000), MODEL)) / USD

    ends: list[Any] = []
    while not any("used up" in getattr(end, "message", "") for end in ends):
        answers = await asyncio.gather(*(ask_models(max_tokens=1_000) for _ in range(50)))
        ends = [answer[-1] for answer in answers]
        assert {getattr(end, "type", "stop") for end in ends} <= {"stop", "budget_exceeded"}

    rows = await recorded()
    spent = sum(row.cost_usd for row in rows)
    assert Decimal("0.05") <= spent < Decimal("0.05") + most
    assert all(row.fallback_from == "a" for row in rows if row.model == "b")
    assert {row.error_type for row in rows if row.model == "a"} == {"overloaded"}


async def test_at_a_soft_limit_the_cheaper_model_answers_and_at_the_hard_one_none_is_asked(
    ask_models, add_model, vendors, budget, workspace
):
    for tier in ("premium", "standard"):
        await add_model(tier, tier=tier)
        vendors.play(tier, Say("It is."), Stop(), Counts(fresh=0, out=10_000))  # 0.10 USD
    await budget(soft_usd="0.05", hard_usd="0.15")

    answers = [await ask_models(tier="premium") for _ in range(3)]

    assert [answer[0].model for answer in answers[:2]] == ["premium", "standard"]
    (failed,) = answers[2]
    assert (failed.type, failed.retryable) == ("budget_exceeded", False)
    assert failed.message.startswith("The workspace's budget for today is used up. The next begins on ")
    assert len(vendors.requests) == 2


async def held(shared: Shared, counter: Counter) -> list[bytes]:
    """What Redis holds on it."""
    return await shared.client.zrange(f"{counter.key}:held", 0, -1)


async def forget(shared: Shared) -> None:
    await shared.client.flushdb()
