"""What models cost, added up from the records."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from agents.models import Agent, Budget, ModelCall
from agents.periods import starts
from base.ids import first_uuid7

NOTHING = Decimal(0)


@dataclass(slots=True)
class Part:
    """What one model, agent or feature cost."""

    name: str
    provider: str = ""  # of a model
    agent_id: UUID | None = None
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: Decimal = NOTHING

    def add(self, row: dict[str, Any]) -> None:
        self.calls += row["calls"]
        self.tokens_in += row["all_in"]
        self.tokens_out += row["all_out"]
        self.cost += row["cost"]


@dataclass(frozen=True, slots=True)
class Spend:
    """The parts are sorted, dearest first. Each of the three lists is all of it."""

    first: date
    last: date
    total: Part
    cached: int  # answers that were given again, for nothing
    models: list[Part]
    agents: list[Part]
    features: list[Part]


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget and what is spent of it."""

    budget: Budget
    spent: Decimal
    ends: datetime

    @property
    def state(self) -> str:
        """ "used up" at the hard limit, "over" at the soft one, else "within"."""
        if self.budget.hard_usd is not None and self.spent >= self.budget.hard_usd:
            return "used up"
        return "over" if self.budget.soft_usd is not None and self.spent >= self.budget.soft_usd else "within"

    @property
    def most(self) -> Decimal:
        """Where its meter is full."""
        return self.budget.soft_usd if self.budget.hard_usd is None else self.budget.hard_usd


@dataclass(slots=True)
class _Parts:
    by_key: dict[Any, Part] = field(default_factory=dict)

    def add(self, key: Any, row: dict[str, Any], **facts: Any) -> None:
        self.by_key.setdefault(key, Part(**facts)).add(row)

    def sorted(self) -> list[Part]:
        return sorted(self.by_key.values(), key=lambda part: (-part.cost, -part.calls, part.name))


def spend(workspace_id: UUID, first: date, last: date) -> Spend:
    """Of these days (UTC), both included. One walk along the index of their records."""
    rows = _between(workspace_id, _midnight(first), _midnight(last + timedelta(days=1)))
    found: list[Any] = list(
        rows.order_by()
        .values("provider", "model", "agent_id", "feature")
        .annotate(
            calls=Count("id"),
            all_in=Sum("tokens_in"),
            all_out=Sum("tokens_out"),
            cost=Sum("cost_usd"),
            again=Count("id", filter=Q(cache_hit=True)),
        )
    )
    names = _names(workspace_id, {row["agent_id"] for row in found} - {None})
    total, models, agents, features = Part(""), _Parts(), _Parts(), _Parts()
    for row in found:
        agent_id = row["agent_id"]
        total.add(row)
        models.add((row["provider"], row["model"]), row, name=row["model"], provider=row["provider"])
        agents.add(agent_id, row, name=names.get(agent_id, "No agent"), agent_id=agent_id)
        features.add(row["feature"], row, name=row["feature"])
    again = sum(row["again"] for row in found)
    return Spend(first, last, total, again, models.sorted(), agents.sorted(), features.sorted())


def standings(workspace_id: UUID, budgets: Iterable[Budget], now: datetime) -> list[Standing]:
    """Each of these budgets of a workspace, with what is spent of it."""
    budgets = list(budgets)
    spent = _spent(workspace_id, now) if budgets else {}
    return [
        Standing(
            budget,
            spent.get((budget.agent_id, budget.period), NOTHING),
            starts(budget.period, now, later=1),
        )
        for budget in budgets
    ]


def _spent(workspace_id: UUID, now: datetime) -> dict[tuple[UUID | None, str], Decimal]:
    """By agent (None: all there are and none) and period."""
    today, month = starts("day", now), starts("month", now)
    rows = _between(workspace_id, month, now + timedelta(days=1)).order_by().values("agent_id")
    spent: dict[tuple[UUID | None, str], Decimal] = defaultdict(Decimal)
    for row in rows.annotate(month=Sum("cost_usd"), day=Sum("cost_usd", filter=Q(id__gte=_first_id(today)))):
        for period in ("day", "month"):
            cost = row[period] or NOTHING
            spent[None, period] += cost
            if row["agent_id"]:
                spent[row["agent_id"], period] += cost
    return spent


def _between(workspace_id: UUID, begin: datetime, end: datetime) -> QuerySet[ModelCall]:
    """Records are as old as their attempt, and so are their ids, which the index is ordered by."""
    rows = ModelCall.objects.for_workspace(workspace_id)
    return rows.filter(id__gte=_first_id(begin), id__lt=_first_id(end))


def _first_id(at: datetime) -> UUID:
    return first_uuid7(round(at.timestamp() * 1_000))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _names(workspace_id: UUID, agents: Iterable[UUID]) -> dict[UUID, str]:
    rows = Agent.objects.for_workspace(workspace_id).filter(pk__in=agents)
    return dict(rows.values_list("pk", "name"))
