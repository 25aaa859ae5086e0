"""Models cost no more than they may, whoever asks at the same time and whatever Redis does."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from agents.llm import router
from agents.llm.budget import Budgets, Reservation, drain, estimate
from agents.llm.counters import USD, Counter, Counters
from agents.llm.errors import ProviderError
from agents.models import Agent
from agents.periods import starts
from base.shared import Shared, shared
from tests.agents.vendors import HELLO, Counts, Refuse, Say, Stop
from tests.agents.wallet import MODEL, ask, held, refusal
from tests.base.silence import silent_redis


@pytest.fixture
async def ask_models(ask) -> Callable[..., Any]:
    """Through the router, which waits for Redis however slow this machine is."""
    shared().seconds = 30.0
    return ask


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

    assert await budgets.tier(workspace.pk, juno.pk, "premium") == "premium"
    await ask(budgets, request_of(tier="premium", agent_id=juno.pk), cost="0.10")

    assert await budgets.tier(workspace.pk, juno.pk, "premium") == "standard"
    assert await budgets.tier(workspace.pk, juno.pk, "standard") == "fast"
    assert await budgets.tier(workspace.pk, juno.pk, "fast") == "fast"
    assert await budgets.tier(workspace.pk, None, "premium") == "premium"  # nobody's budget


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


async def test_without_a_budget_nobody_is_asked(process, request_of, workspace):
    class Unasked(Shared):
        async def ask(self, question):
            raise AssertionError("Redis is asked for nothing")

    budgets = Budgets(Counters(Unasked()))

    await ask(budgets, request_of(), cost="3")
    assert await budgets.tier(workspace.pk, None, "premium") == "premium"


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

    planned, answers = [], []
    for _ in range(3):
        planned.append(await router.plan(workspace.pk, "premium"))
        answers.append(await ask_models(tier="premium"))

    assert [[one.tier for one in plan.asked] for plan in planned] == [
        ["premium", "standard"],
        ["standard", "premium"],
        ["standard", "premium"],
    ]
    assert [answer[0].model for answer in answers[:2]] == ["premium", "standard"]
    (failed,) = answers[2]
    assert (failed.type, failed.retryable) == ("budget_exceeded", False)
    assert failed.message.startswith("The workspace's budget for today is used up. The next begins on ")
    assert len(vendors.requests) == 2


async def test_at_a_soft_limit_the_cheaper_models_of_a_chain_are_asked_first(
    ask_models, add_model, vendors, budget
):
    models = {}
    for tier in ("premium", "standard", "fast"):
        models[tier] = await add_model(tier, tier=tier)
        vendors.play(tier, Say("It is."), Stop(), Counts(fresh=0, out=10_000))  # 0.10 USD
    await budget(soft_usd="0.05", hard_usd="9")
    chain = [str(models["premium"].pk), str(models["standard"].pk)]

    answers = [await ask_models(tier="fast", chain=chain) for _ in range(2)]

    assert [answer[0].model for answer in answers] == ["premium", "standard"]


async def test_an_attempt_that_cannot_be_written_down_holds_nothing(
    ask_models, add_model, vendors, budget, workspace
):
    added = await budget(hard_usd="0.05")
    await add_model("a", context_tokens=0)
    vendors.play("a", *HELLO)

    with pytest.raises(ZeroDivisionError):
        await ask_models()
    await drain()

    counter = Counter(workspace.pk, since=starts("day", datetime.now(UTC)), budget_id=added.pk)
    assert await held(shared(), counter) == []
