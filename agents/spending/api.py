"""`/api/v1/spend` and `/api/v1/budgets`: what models cost, and what they may."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import BeforeValidator, Field, WithJsonSchema

from accounts.api import access
from accounts.permissions import Permission
from agents.models import Agent, Budget
from agents.periods import starts
from agents.spending import budgets, figures
from agents.spending.forms import check_days
from base.api import Asked, Day, Listing, Money, answers, found, invalid, money, named, ours, page_of, paged
from base.errors import json_error

router = Router(tags=["Spend"])
ADMINS = access(Permission.MANAGE_WORKSPACE)


def _amount(value: object) -> object:
    if value is not None and not isinstance(value, str):
        raise ValueError('give an amount of US dollars as a string, such as "20.00"')
    return value


Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    Field(ge=0, max_digits=12, decimal_places=4),
    WithJsonSchema({"type": "string", "examples": ["20.00"], "description": "USD, as a decimal."}),
]


class Days(Asked):
    first: Day = Field(None, alias="from", description="The first day (UTC); the first of this month.")
    last: Day = Field(None, alias="to", description="The last day (UTC); today.")


class PartOut(Schema):
    name: str = Field(description="Of the model, agent or feature.", examples=["gpt-4.1"])
    calls: int = Field(description="Attempts at models, those that failed too.")
    tokens_in: int
    tokens_out: int
    cost_usd: Money


class ModelPart(PartOut):
    provider: str = Field(examples=["OpenAI"])


class AgentPart(PartOut):
    agent: UUID | None = Field(description="Null: what no agent asked for, and agents that are gone.")


class SpendOut(Schema):
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    cost_usd: Money
    calls: int
    cached: int = Field(description="Answers given again from the cache, at no cost.")
    models: list[ModelPart]
    agents: list[AgentPart]
    features: list[PartOut]


class BudgetOut(Schema):
    id: UUID
    agent: UUID | None = Field(description="Null: all of the workspace.")
    period: str = Field(description="day or month", examples=["month"])
    soft_usd: Money | None = Field(description="From here on cheaper models answer.")
    hard_usd: Money | None = Field(description="From here on no model is asked.")
    spent_usd: Money = Field(description="In this day or month, UTC.")
    state: str = Field(description="within, over (the soft limit) or used up", examples=["within"])
    ends_at: datetime = Field(description="When the next begins.")


class Limits(Schema):
    soft_usd: Amount | None = None
    hard_usd: Amount | None = None

    def check(self) -> None:
        if wrong := budgets.check(self.soft_usd, self.hard_usd):
            raise invalid({"soft_usd": wrong})


class NewBudget(Limits):
    agent: UUID | None = Field(None, description="Null: all of the workspace.")
    period: Literal["day", "month"]


@router.get(
    "/spend",
    summary="Get what models cost",
    auth=ADMINS,
    response=answers(SpendOut, 400),
    by_alias=True,
)
def get_spend(request: HttpRequest, asked: Query[Days]):
    """By model, agent and feature, dearest first. Each of the three lists is all of it."""
    now = datetime.now(UTC)
    first, last = asked.first or starts("month", now).date(), asked.last or now.date()
    if wrong := check_days(first, last):
        raise invalid({"to": wrong})
    spend = figures.spend(request.viewer.workspace_id, first, last)
    return SpendOut(
        **{"from": spend.first, "to": spend.last},
        cost_usd=money(spend.total.cost),
        calls=spend.total.calls,
        cached=spend.cached,
        models=[ModelPart(**_facts(part), provider=part.provider) for part in spend.models],
        agents=[AgentPart(**_facts(part), agent=part.agent_id) for part in spend.agents],
        features=[PartOut(**_facts(part)) for part in spend.features],
    )


@router.get(
    "/budgets",
    summary="List budgets",
    auth=ADMINS,
    response=answers(page_of(BudgetOut), 400),
)
def list_budgets(request: HttpRequest, asked: Query[Listing]):
    """Newest first, with what is spent of each."""
    page, following = paged(ours(request, Budget), asked, request.viewer.workspace_id)
    return {"items": _shown(request, page), "next": following}


@router.post(
    "/budgets",
    summary="Create a budget",
    auth=ADMINS,
    response=answers(BudgetOut, 400, 409, status=201),
)
def create_budget(request: HttpRequest, told: NewBudget):
    """One for each agent (and for the whole workspace) in each kind of period. It applies within 5 s."""
    told.check()
    viewer = request.viewer
    agent = named(request, "agent", Agent, told.agent) if told.agent else None
    limits = {"soft": told.soft_usd, "hard": told.hard_usd}
    try:
        budget = budgets.add(viewer.workspace_id, agent, told.period, **limits, by=viewer.actor_id)
    except budgets.BudgetExists:
        return json_error(409, "budget_exists", "There is such a budget already. Change that one.")
    return Status(201, _shown(request, [budget])[0])


@router.put(
    "/budgets/{uuid:budget_id}",
    summary="Change a budget’s limits",
    auth=ADMINS,
    response=answers(BudgetOut, 400, 404),
)
def change_budget(request: HttpRequest, budget_id: UUID, told: Limits):
    """Both limits are set; one that is left out is none. It applies within 5 s."""
    budget = found(request, Budget, budget_id)
    told.check()
    budgets.change(budget, soft=told.soft_usd, hard=told.hard_usd, by=request.viewer.actor_id)
    return _shown(request, [budget])[0]


@router.delete(
    "/budgets/{uuid:budget_id}",
    summary="Remove a budget",
    auth=ADMINS,
    response=answers(BudgetOut, 404),
)
def remove_budget(request: HttpRequest, budget_id: UUID):
    """Answers as it was. Models may then cost what they cost, unless another budget bounds them."""
    budget = found(request, Budget, budget_id)
    (shown,) = _shown(request, [budget])
    budgets.remove(budget, by=request.viewer.actor_id)
    return shown


def _shown(request: HttpRequest, rows: Sequence[Budget]) -> list[BudgetOut]:
    standings = figures.standings(request.viewer.workspace_id, rows, datetime.now(UTC))
    return [
        BudgetOut(
            id=one.budget.pk,
            agent=one.budget.agent_id,
            period=one.budget.period,
            soft_usd=money(one.budget.soft_usd),
            hard_usd=money(one.budget.hard_usd),
            spent_usd=money(one.spent),
            state=one.state,
            ends_at=one.ends,
        )
        for one in standings
    ]


def _facts(part: figures.Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "calls": part.calls,
        "tokens_in": part.tokens_in,
        "tokens_out": part.tokens_out,
        "cost_usd": money(part.cost),
    }
