"""Budgets as a process knows them, and what Redis holds of them."""

from decimal import Decimal

import pytest

from agents.llm.budget import Budgets, Reservation
from agents.llm.chain import Candidate
from agents.llm.counters import Counter
from agents.llm.errors import ProviderError
from agents.llm.pricing import Prices
from agents.llm.providers.base import Endpoint, Model
from base.ids import uuid7
from base.shared import Away, Shared

MODEL = Candidate(
    Model(Endpoint("openai", "", ""), "a", 8.0), "p", "premium", Prices(Decimal(2), Decimal(10))
)


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


async def held(shared: Shared, counter: Counter) -> list[bytes]:
    """What Redis holds on it."""
    return await shared.client.zrange(f"{counter.key}:held", 0, -1)


async def forget(shared: Shared) -> None:
    await shared.client.flushdb()
