"""What people type about spend and budgets, checked with words that say what to do."""

from datetime import date, timedelta
from typing import Any

from django import forms

from agents.models import Agent, Budget
from agents.spending import budgets
from base.forms import PartForm

LONGEST = timedelta(days=366)
_NOT_MONEY = {"invalid": "Give an amount in US dollars, such as 20 or 0.50."}


def _money() -> forms.DecimalField:
    return forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=4,
        error_messages=_NOT_MONEY,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


class LimitsForm(PartForm):
    """The limits of a budget that is there."""

    soft = _money()
    hard = _money()

    def __init__(self, *args: Any, part: str = "limits", **kwargs: Any) -> None:
        self.part = part
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors and (wrong := budgets.check(values["soft"], values["hard"])):
            self.add_error("soft", wrong)
        return values


class BudgetForm(LimitsForm):
    agent = forms.ModelChoiceField(
        Agent.objects.none(),
        required=False,
        empty_label="The whole workspace",
        error_messages={"invalid_choice": "This agent is gone. Choose another."},
    )
    period = forms.ChoiceField(choices=[("day", "A day"), ("month", "A month")])

    def __init__(self, *args: Any, workspace: Any, **kwargs: Any) -> None:
        super().__init__(*args, part="budget", **kwargs)
        self.fields["agent"].queryset = Agent.objects.for_workspace(workspace).order_by("name")  # type: ignore[attr-defined]


class RangeForm(PartForm):
    """Days to look at, in UTC. Nothing typed: this month so far."""

    part = "range"
    first = forms.DateField(
        error_messages={"required": "Choose a first day.", "invalid": "Choose a day."},
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    last = forms.DateField(
        error_messages={"required": "Choose a last day.", "invalid": "Choose a day."},
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors and (wrong := check_days(values["first"], values["last"])):
            self.add_error("last", wrong)
        return values


def check_days(first: date, last: date) -> str:
    """What is wrong with a range in one sentence, or nothing."""
    if last < first:
        return "The last day must not be before the first."
    if last - first > LONGEST or last == date.max:
        return "Choose a year at most."
    return ""


def limits_of(budget: Budget) -> LimitsForm:
    """A form with what is there, without zeros that say nothing."""
    initial = {"soft": _plain(budget.soft_usd), "hard": _plain(budget.hard_usd)}
    return LimitsForm(part=f"budget-{budget.pk}", initial=initial)


def _plain(amount: Any) -> str:
    return "" if amount is None else f"{amount.normalize():f}"
