"""Filters in words: what a list is narrowed by, and what it can be narrowed by."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from agents.models import Agent
from calls import wording
from calls.filters import days, grammar, names, numbers
from calls.filters.terms import Term
from calls.models import Call, CustomField, Topic

YES_OR_NO = {"yes": "Yes", "no": "No"}
ELSEWHERE = "another workspace’s"
_NUMBERS: dict[str, tuple[Callable[[str], Any], Callable[[Any], str]]] = {
    "duration": (numbers.milliseconds, numbers.in_words),
    "latency": (numbers.milliseconds, numbers.in_words),
    "cost": (numbers.usd, lambda amount: f"${numbers.as_usd(amount)}"),
    "score": (numbers.points, str),
}


def fixed() -> dict[str, dict[str, str]]:
    """Filters whose values are the same everywhere: name → value → what it is called."""
    return {
        "channel": {value: value.capitalize() for value in Call.Channel.values},
        "when": {value: label for value, (label, _) in days.WHEN.items()},
        "status": wording.STATUSES,
        "outcome": {value: one.label for value, one in wording.OUTCOMES.items() if value},
        "sentiment": wording.SENTIMENTS,
        "escalated": YES_OR_NO,
        "review": {"open": "Open", "done": "Done"},
    }


def choices(workspace_id: UUID) -> dict[str, dict[str, str]]:
    """What can be chosen in a workspace: `fixed`, and its agents and topics."""
    return fixed() | {name: _names(name, workspace_id) for name in ("agent", "topic")}


def told(term: Term, workspace_id: UUID) -> dict[str, str]:
    """A filter in words: its `label` and `value`, and as it would be `typed`."""
    known = _named(term, workspace_id)
    return {
        "label": _label(term.name, workspace_id),
        "value": _told(term, known),
        "typed": _typed(term, known),
    }


def _label(name: str, workspace_id: UUID) -> str:
    if name.startswith(names.FIELD):
        fields = CustomField.objects.for_workspace(workspace_id).filter(key=name.removeprefix(names.FIELD))
        if called := fields.values_list("name", flat=True).first():
            return called
    one = names.named(name)
    return one.label if one else name


def _names(name: str, workspace_id: UUID) -> dict[str, str]:
    rows: Any = {"agent": Agent, "topic": Topic}[name]
    named = rows.objects.for_workspace(workspace_id).order_by("name").values_list("pk", "name")
    return {str(pk): called for pk, called in named}


def _named(term: Term, workspace_id: UUID) -> dict[str, str]:
    return _names(term.name, workspace_id) if term.name in ("agent", "topic") else fixed().get(term.name, {})


def _told(term: Term, known: dict[str, str]) -> str:
    def words(values: Iterable[str]) -> str:
        return ", ".join(_word(term.name, value, known) for value in values)

    told = [words(term.wanted)] if term.wanted else []
    return ", ".join([*told, *([f"not {words(term.unwanted)}"] if term.unwanted else [])])


def _word(name: str, value: str, known: dict[str, str]) -> str:
    if name in ("agent", "topic"):
        return known.get(value, ELSEWHERE)
    if name in _NUMBERS:
        one, shown = _NUMBERS[name]
        return numbers.read(value, one).told(shown)
    if name in ("from", "to"):
        return f"{days.day(value):%-d %b %Y}"
    if name == "version":
        return f"v{value}"
    if name.startswith(names.FIELD):
        return YES_OR_NO.get(value, value)
    return known.get(value, value.capitalize() if name == "platform" else value)


def _typed(term: Term, known: dict[str, str]) -> str:
    """As it would be typed: agents and topics by their names, where that says which."""
    if term.name not in ("agent", "topic"):
        return term.typed
    folded = [" ".join(called.split()).casefold() for called in known.values()]

    def typed(values: Iterable[str]) -> list[str]:
        shown = [known.get(value, value) for value in values]
        return [
            called
            if folded.count(" ".join(called.split()).casefold()) == 1 and called.isprintable()
            else value
            for value, called in zip(values, shown, strict=True)
        ]

    units = [f"{term.name}:{grammar.written(typed(term.wanted))}"] if term.wanted else []
    if term.unwanted:
        units.append(f"{term.name}:{grammar.written(typed(term.unwanted), negated=True)}")
    return " ".join(units)
