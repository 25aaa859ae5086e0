"""What models may cost: an amount is held before every attempt, and what it really cost is booked after.

Over a soft limit cheaper models are asked; at a hard limit none is. A request is let through while less than
the limit is spent and held, so a limit is passed by less than one reservation, whoever asks at the same time
and however often they fall back.

When Redis is away each process holds to the limits by itself: by the records, and by what it holds. Somebody
on a phone must not lose an answer because a counter is away, and a limit known to be reached must hold:
so the worst that can happen is one reservation over the limit per process. A workspace without budgets asks
nothing of anybody.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db import Error

from agents.llm import pricing
from agents.llm.chain import Candidate
from agents.llm.counters import USD, Counter, Counters, Hold, amount_of
from agents.llm.errors import ProviderError
from agents.llm.request import Request
from agents.lookup import Lookup
from agents.models import Budget, Tier
from agents.periods import starts
from base import meters
from base.ids import uuid7
from base.loops import per_loop
from base.shared import shared

logger = logging.getLogger(__name__)

REFUSED = meters.counter("budget_refusals", "Requests that a budget's hard limit stopped.", "whose")
DOWNGRADED = meters.counter("budget_downgrades", "Requests that a soft limit sent to a cheaper tier.")

CHEAPER = {Tier.PREMIUM: Tier.STANDARD, Tier.STANDARD: Tier.FAST}
PER_TOKEN = USD // 1_000_000  # a price in USD per million tokens, for one


async def tier(workspace_id: UUID, agent_id: UUID | None, wanted: str) -> str:
    """The tier to begin with: the one `wanted`, or the next cheaper over a soft limit."""
    return await _budgets().tier(workspace_id, agent_id, wanted)


async def is_tight(workspace_id: UUID, agent_id: UUID | None) -> bool:
    """Whether a soft limit is reached, so that cheaper models are to be asked first."""
    return await _budgets().is_tight(workspace_id, agent_id)


async def reserve(request: Request, candidate: Candidate, attempt: UUID | None = None) -> "Reservation":
    """Hold what `attempt` (its record's id) may cost at this model.

    Raises ProviderError("budget_exceeded") at a hard limit. A model without prices may always be asked.
    """
    return await _budgets().reserve(request, candidate, attempt or uuid7())


async def drain() -> None:
    """Wait until what was settled has been told to Redis, or could not be."""
    await _budgets().counters.drain()


class Reservation:
    """Ends with the first `settle` or `release`; what comes after changes nothing."""

    def __init__(self, counters: Counters | None = None, hold: Hold | None = None) -> None:
        self._counters = counters
        self._hold = hold

    def settle(self, cost_usd: Decimal) -> None:
        if self._hold:
            self._counters.settle(self._hold, amount_of(cost_usd))
            self._hold = None

    def release(self) -> None:
        self.settle(Decimal(0))


@dataclass(frozen=True, slots=True)
class Line:
    """A budget, as it is remembered between requests. Amounts as counters have them."""

    budget_id: UUID
    agent_id: UUID | None
    period: str
    soft: int | None
    hard: int | None


@dataclass(frozen=True, slots=True)
class Limit:
    """A line (or a call's cap) as it applies to one request."""

    counter: Counter
    soft: int | None
    hard: int | None
    whose: str  # "workspace", "agent" or "call"
    period: str = ""  # a call has none

    def refusal(self, *, spent: int, now: datetime) -> ProviderError:
        """What to say to whoever asked."""
        if not self.period:
            whose = "What this call may spend on models"
        else:
            owner = "This agent's" if self.whose == "agent" else "The workspace's"
            whose = f"{owner} budget for {'today' if self.period == 'day' else 'this month'}"
        if spent < self.hard:
            text = f"{whose} is held for answers under way. Try again in a moment."
            return ProviderError("budget_exceeded", text, code="budget_held", retryable=True)
        text = f"{whose} is used up."
        if self.period:
            text += f" The next begins on {starts(self.period, now, later=1):%-d %B} at 00:00 UTC."
        return ProviderError("budget_exceeded", text, code="budget_spent")


class Budgets:
    """Bound to one event loop."""

    def __init__(self, counters: Counters | None = None) -> None:
        self.counters = counters or Counters(shared())
        self._lines: Lookup[UUID, tuple[Line, ...]] = Lookup(load)

    async def tier(self, workspace_id: UUID, agent_id: UUID | None, wanted: str) -> str:
        if wanted not in CHEAPER or not await self.is_tight(workspace_id, agent_id):
            return wanted
        return CHEAPER[Tier(wanted)]

    async def is_tight(self, workspace_id: UUID, agent_id: UUID | None) -> bool:
        limits = [limit for limit in await self._limits(workspace_id, agent_id) if limit.soft is not None]
        if not limits:
            return False
        used = await self.counters.used([limit.counter for limit in limits])
        return any(amount >= limit.soft for limit, amount in zip(limits, used, strict=True))

    async def reserve(self, request: Request, candidate: Candidate, attempt: UUID) -> Reservation:
        limits = await self._limits(request.workspace_id, request.agent_id)
        if request.call_cap_usd is not None and request.call_id:
            counter = Counter(request.workspace_id, call_id=request.call_id)
            limits.append(Limit(counter, None, amount_of(request.call_cap_usd), "call"))
        amount = estimate(request, candidate) if limits else 0
        if amount == 0:
            return Reservation()
        held = await self.counters.hold(
            attempt.hex, [limit.counter for limit in limits], [limit.hard for limit in limits], amount
        )
        if isinstance(held, Hold):
            return Reservation(self.counters, held)
        reached = next(limit for limit in limits if limit.counter == held)
        REFUSED.labels(reached.whose).inc()
        raise reached.refusal(spent=self.counters.spent(held), now=datetime.now(UTC))

    async def _limits(self, workspace_id: UUID, agent_id: UUID | None) -> list[Limit]:
        try:
            lines: Sequence[Line] = await self._lines.get(workspace_id) or ()
        except (Error, ImproperlyConfigured):
            # The models were read a moment ago, or nobody would ask; the caller shall have their answer.
            logger.exception("budgets of workspace %s cannot be read", workspace_id)
            lines = ()
        now = datetime.now(UTC)
        return [
            Limit(
                Counter(
                    workspace_id,
                    agent_id=line.agent_id,
                    since=starts(line.period, now),
                    budget_id=line.budget_id,
                ),
                line.soft,
                line.hard,
                "agent" if line.agent_id else "workspace",
                line.period,
            )
            for line in lines
            if line.agent_id in (None, agent_id)
        ]


def estimate(request: Request, candidate: Candidate) -> int:
    """What an attempt may cost at most: the whole prompt at the full price, and the longest answer."""
    prices = candidate.prices
    prompt = math.ceil(pricing.prompt_tokens(request) * request.measure)
    return math.ceil((prompt * prices.tokens_in + request.max_tokens * prices.tokens_out) * PER_TOKEN)


def load(workspace_id: UUID) -> tuple[Line, ...]:
    """For a thread."""
    return tuple(
        Line(
            row.pk,
            row.agent_id,
            row.period,
            None if row.soft_usd is None else amount_of(row.soft_usd),
            None if row.hard_usd is None else amount_of(row.hard_usd),
        )
        for row in Budget.objects.for_workspace(workspace_id).order_by("id")
    )


_budgets = per_loop(Budgets)
