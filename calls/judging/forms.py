"""What is typed, or sent to the API, of fields, scorecards and topics, checked with words that help."""

import json
import re
from typing import Any
from uuid import UUID

from django import forms

from agents.models import Agent
from base.forms import PartForm
from calls.models import CustomField, Scorecard, Topic
from platforms.clean import clean

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
MOST_FIELDS, MOST_SCORECARDS, MOST_TOPICS = 40, 20, 60  # of an agent; of a workspace
MOST_CHOICES, LONGEST_CHOICE = 30, 60
MOST_CHECKS, LONGEST_QUESTION = 20, 400
MOST_WEIGHT = 10
_CHECK_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


def _text(most: int, required: str, **attrs: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", "maxlength": most} | attrs)
    return forms.CharField(max_length=most, error_messages={"required": required}, widget=widget)


def _percent(required: str) -> forms.IntegerField:
    return forms.IntegerField(min_value=0, max_value=100, error_messages={"required": required})


class FieldForm(PartForm):
    """A field of an agent. With `current`, an edit of it: its key and kind stay, as values depend on them."""

    part = "field"
    name = _text(60, "Give it a name.")
    key = forms.CharField(
        required=False, max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    kind = forms.ChoiceField(choices=CustomField.FieldKind.choices)
    question = _text(LONGEST_QUESTION, "Write what a model is to find out.")
    choices = forms.CharField(
        required=False,
        max_length=MOST_CHOICES * (LONGEST_CHOICE + 2),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, agent: Agent, current: CustomField | None = None, **kwargs: Any) -> None:
        if current:
            self.part = f"field-{current.pk}"
        super().__init__(*args, **kwargs)
        self.agent, self.current = agent, current
        if current:
            del self.fields["key"], self.fields["kind"]

    def clean_choices(self) -> list[str]:
        told = clean(self.cleaned_data["choices"]).splitlines()
        found = [" ".join(one.split()) for one in told if one.strip()]
        if any(len(one) > LONGEST_CHOICE for one in found):
            raise forms.ValidationError(f"A choice has at most {LONGEST_CHOICE} characters.")
        if len(found) > MOST_CHOICES:
            raise forms.ValidationError(f"Give at most {MOST_CHOICES} choices.")
        if len({one.casefold() for one in found}) < len(found):
            raise forms.ValidationError("Two of the choices are the same.")
        return found

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        kind = self.current.kind if self.current else values.get("kind")
        if "choices" in values:
            if kind == CustomField.FieldKind.CHOICE and len(values["choices"]) < 2:
                self.add_error("choices", "Give at least two choices, a line each.")
            elif kind != CustomField.FieldKind.CHOICE:
                values["choices"] = []
        if not self.current and not self.errors:
            values["key"] = values["key"].strip() or key_of(values["name"])
            if wrong := self._wrong_key(values["key"], values["kind"]):
                self.add_error("key", wrong)
        return _cleaned(values)

    def _wrong_key(self, key: str, kind: str) -> str:
        if not KEY.fullmatch(key):
            return "A key is small letters, digits and _, and begins with a letter."
        there = CustomField.objects.for_workspace(self.agent.workspace_id).filter(key=key)
        if there.filter(agent=self.agent).exists():
            return "Another field of this agent has that key."
        other = there.exclude(kind=kind).select_related("agent").first()
        return (
            f"{other.agent} has a {other.kind} of that key. Choose that kind, or another key."
            if other
            else ""
        )


class ScorecardForm(PartForm):
    part = "scorecard"
    name = _text(60, "Give it a name.")
    agent = forms.ModelChoiceField(
        Agent.objects.none(),
        required=False,
        empty_label="All agents",
        error_messages={"invalid_choice": "This agent is gone. Choose another."},
    )
    sample_percent = _percent("Say of how many calls.")
    pass_mark = _percent("Say from how many points on a call is good enough.")
    checks = forms.CharField(max_length=MOST_CHECKS * (LONGEST_QUESTION + 200))

    def __init__(self, *args: Any, workspace: UUID, current: Scorecard | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agent"].queryset = Agent.objects.for_workspace(workspace).order_by("name")  # type: ignore[attr-defined]
        self.others = _others(Scorecard, workspace, current)

    def clean_name(self) -> str:
        return _free(self.others, self.cleaned_data["name"], "Another scorecard has that name.")

    def clean_checks(self) -> list[dict[str, Any]]:
        try:
            told = json.loads(self.cleaned_data["checks"])
        except ValueError:
            told = None
        return checked(told)


class TopicForm(PartForm):
    name = _text(60, "Give it a name.")
    description = _text(400, "Say what such calls are about: a model goes by it.")

    def __init__(self, *args: Any, workspace: UUID, current: Topic | None = None, **kwargs: Any) -> None:
        self.part = f"topic-{current.pk}" if current else "topic"
        super().__init__(*args, **kwargs)
        self.others = _others(Topic, workspace, current)

    def clean_name(self) -> str:
        return _free(self.others, self.cleaned_data["name"], "Another topic has that name.")


def checked(told: Any) -> list[dict[str, Any]]:
    """The checks of a scorecard, each with an id. Raises ValidationError."""
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise forms.ValidationError("Give a list of checks.")
    told = [one for one in told if str(one.get("question") or "").strip()]
    if not 1 <= len(told) <= MOST_CHECKS:
        raise forms.ValidationError(f"Write 1 to {MOST_CHECKS} checks.")
    found: list[dict[str, Any]] = []
    ids = {str(one["id"]) for one in told if one.get("id")}
    for n, one in enumerate(told, 1):
        question, weight = one["question"], one.get("weight", 1)
        if not isinstance(question, str) or len(question) > LONGEST_QUESTION:
            raise forms.ValidationError(f"Check {n} has more than {LONGEST_QUESTION} characters.")
        if isinstance(weight, bool) or not isinstance(weight, int) or not 1 <= weight <= MOST_WEIGHT:
            raise forms.ValidationError(f"The weight of check {n} is 1 to {MOST_WEIGHT}.")
        name = str(one.get("id") or next(f"c{k}" for k in range(1, 99) if f"c{k}" not in ids))
        if not _CHECK_ID.fullmatch(name) or name in {other["id"] for other in found}:
            raise forms.ValidationError(f"The id of check {n} is taken, or none.")
        ids.add(name)
        found.append(
            {
                "id": name,
                "question": clean(" ".join(question.split())),
                "weight": weight,
                "is_critical": one.get("is_critical") is True,
            }
        )
    return found


def key_of(name: str) -> str:
    """ "Which plan?" → "which_plan"; empty if no letter of it can be one."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")[:40].rstrip("_")


def _others(model: Any, workspace: UUID, current: Any) -> Any:
    rows = model.objects.for_workspace(workspace)
    return rows.exclude(pk=current.pk) if current else rows


def _free(others: Any, name: str, taken: str) -> str:
    name = clean(" ".join(name.split()))
    if others.filter(name__iexact=name).exists():
        raise forms.ValidationError(taken)
    return name


def _cleaned(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: clean(" ".join(one.split())) if isinstance(one, str) else one for name, one in values.items()
    }
