"""Settings → Spend: what models cost, and the budgets that bound it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import requires
from accounts.permissions import Permission
from agents.models import Budget
from agents.periods import starts
from agents.spending import budgets, figures
from agents.spending.forms import BudgetForm, LimitsForm, RangeForm, limits_of
from base.settings_pages import frame

WHEN = (("today", "Today"), ("month", "This month"), ("range", "Other days"))


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def spend(request: HttpRequest) -> HttpResponse:
    return render(request, "settings/spend.html", _page(request))


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def add(request: HttpRequest) -> HttpResponse:
    form = BudgetForm(request.POST, workspace=request.workspace)
    if form.is_valid():
        typed = form.cleaned_data
        try:
            budget = budgets.add(
                request.workspace.pk,
                typed["agent"],
                typed["period"],
                soft=typed["soft"],
                hard=typed["hard"],
                by=request.viewer.user_id,
            )
        except budgets.BudgetExists:
            form.add_error("period", "There is such a budget already. Change that one.")
        else:
            messages.success(request, f"{_whose(budget)} is set. It applies within 5 s.")
            return redirect("spending:spend")
    return render(request, "settings/spend.html", _page(request) | {"form": form}, status=400)


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def edit(request: HttpRequest, budget_id: UUID) -> HttpResponse:
    budget = _one(request, budget_id)
    form = LimitsForm(request.POST, part=f"budget-{budget.pk}")
    if not form.is_valid():
        return render(request, "settings/spend.html", _page(request, {budget.pk: form}), status=400)
    typed = form.cleaned_data
    budgets.change(budget, soft=typed["soft"], hard=typed["hard"], by=request.viewer.user_id)
    messages.success(request, f"{_whose(budget)} is changed. It applies within 5 s.")
    return redirect("spending:spend")


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def remove(request: HttpRequest, budget_id: UUID) -> HttpResponse:
    budget = _one(request, budget_id)
    whose = _whose(budget)
    budgets.remove(budget, by=request.viewer.user_id)
    messages.success(request, f"{whose} is removed.")
    return redirect("spending:spend")


def _sorted(request: HttpRequest) -> list[Budget]:
    """Those of all of the workspace first, then by agent."""
    found = Budget.objects.for_workspace(request.workspace).select_related("agent")
    return sorted(found, key=lambda one: (one.agent is not None, str(one.agent), one.period != "day"))


def _one(request: HttpRequest, budget_id: UUID) -> Budget:
    found = Budget.objects.for_workspace(request.workspace).select_related("agent")
    return get_object_or_404(found, pk=budget_id)


def _whose(budget: Budget) -> str:
    return f"{budget.agent or 'The workspace'}’s budget a {budget.period}"


def _page(request: HttpRequest, typed: dict[UUID, LimitsForm] | None = None) -> dict[str, Any]:
    """`typed`: what was wrong about a budget, to stand in its dialog."""
    now, typed = datetime.now(UTC), typed or {}
    when = request.GET.get("when", "month")
    first, last = starts("day" if when == "today" else "month", now).date(), now.date()
    days = RangeForm(request.GET if "first" in request.GET else None, initial={"first": first, "last": last})
    if when == "range" and days.is_valid():
        first, last = days.cleaned_data["first"], days.cleaned_data["last"]
    return frame("spend") | {
        "when": when if when in dict(WHEN) else "month",
        "whens": WHEN,
        "days": days,
        "spend": figures.spend(request.workspace.pk, first, last),
        "rows": [
            {"standing": one, "form": typed.get(one.budget.pk) or limits_of(one.budget)}
            for one in figures.standings(request.workspace.pk, _sorted(request), now)
        ],
        "form": BudgetForm(workspace=request.workspace, initial={"period": "month"}),
    }
