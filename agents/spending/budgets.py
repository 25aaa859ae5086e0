"""Budgets are set by people, and each act is in the audit log. They apply within five seconds."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import audit
from agents.models import Agent, Budget


class BudgetExists(Exception):
    """There is one for this agent (or the workspace) and period already."""


def check(soft: Decimal | None, hard: Decimal | None) -> str:
    """What is wrong with two limits in one sentence, or nothing."""
    if soft is None and hard is None:
        return "Give a soft limit, a hard limit, or both."
    if soft is not None and hard is not None and soft > hard:
        return "The soft limit must not be above the hard one."
    return ""


@transaction.atomic
def add(
    workspace_id: UUID,
    agent: Agent | None,
    period: str,
    *,
    soft: Decimal | None,
    hard: Decimal | None,
    by: UUID | None,
) -> Budget:
    """Raises BudgetExists."""
    budget = Budget(workspace_id=workspace_id, agent=agent, period=period, soft_usd=soft, hard_usd=hard)
    try:
        with transaction.atomic():
            budget.save()
    except IntegrityError as error:
        raise BudgetExists from error
    _note("budget.create", budget, by)
    return budget


@transaction.atomic
def change(budget: Budget, *, soft: Decimal | None, hard: Decimal | None, by: UUID | None) -> None:
    budget.soft_usd, budget.hard_usd = soft, hard
    budget.save(update_fields=["soft_usd", "hard_usd"])
    _note("budget.edit", budget, by)


@transaction.atomic
def remove(budget: Budget, *, by: UUID | None) -> None:
    _note("budget.delete", budget, by)
    budget.delete()


def _note(action: str, budget: Budget, by: UUID | None) -> None:
    detail: dict[str, Any] = {
        "agent": budget.agent_id and str(budget.agent_id),
        "period": budget.period,
        "soft_usd": None if budget.soft_usd is None else f"{budget.soft_usd:f}",
        "hard_usd": None if budget.hard_usd is None else f"{budget.hard_usd:f}",
    }
    target = f"budget:{budget.pk}"
    audit.note(action, workspace=budget.workspace_id, actor=by, target=target, detail=detail)
