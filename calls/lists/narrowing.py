"""The fields of the dialog that narrows a list: each filter as somebody fills it in, not as it is written."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from calls.filters import FIELD, YES_OR_NO, Filters, choices, grammar, named, numbers
from calls.filters.terms import Term
from calls.models import CustomField

# Of a range: how a number is read, how many of what is shown it has, and what is shown.
RANGES: dict[str, tuple[Any, int, str, str]] = {
    "duration": (numbers.milliseconds, 60_000, "min", "m"),
    "latency": (numbers.milliseconds, 1_000, "s", "s"),
    "cost": (numbers.usd, 1, "USD", ""),
    "score": (numbers.points, 1, "of 100", ""),
}
CHOSEN = ("agent", "status", "outcome", "sentiment", "topic", "channel")  # any of several
ONE_OF = ("escalated", "review")
WRITTEN = {"tag": "vip, refund", "caller": "+44 7700 900142", "version": "14", "platform": "retell"}
HINTS: dict[str, str] = {
    CustomField.FieldKind.TEXT: "as shown; several with commas",
    CustomField.FieldKind.NUMBER: ">30, 1..5",
    CustomField.FieldKind.DATE: "2026-11-01..2026-11-30",
}


@dataclass(frozen=True, slots=True)
class Field:
    """`kind`: choice, one, range, text. `rest`: what of it the form cannot show, and so keeps: `!a,b`."""

    name: str
    label: str
    kind: str
    given: str = ""
    rest: str = ""
    options: list[tuple[str, str, bool]] = field(default_factory=list)  # value, label, whether it is chosen
    least: str = ""
    most: str = ""
    unit: str = ""
    suffix: str = ""  # of a written number
    hint: str = ""


def fields(filters: Filters, workspace_id: UUID, *, sees_words: bool) -> list[Field]:
    """Custom ones hold what was said, so they are for those who may see words."""
    known = choices(workspace_id)
    found = [_choice(filters, name, known.get(name, {})) for name in CHOSEN if known.get(name)]
    found += [_range(filters, name) for name in RANGES]
    found += [_choice(filters, name, known[name], "one") for name in ONE_OF]
    found += [_text(filters, name, hint) for name, hint in WRITTEN.items()]
    return [*found, *_custom(filters, workspace_id)] if sees_words else found


def _custom(filters: Filters, workspace_id: UUID) -> Iterator[Field]:
    """A key that several agents have is one filter, with the values of all of them."""
    by_key: dict[str, list[CustomField]] = {}
    for one in CustomField.objects.for_workspace(workspace_id).filter(is_active=True).order_by("name", "id"):
        by_key.setdefault(one.key, []).append(one)
    for key, (first, *others) in by_key.items():
        name = f"{FIELD}{key}"
        known = YES_OR_NO if first.kind == CustomField.FieldKind.BOOLEAN else {}
        if first.kind == CustomField.FieldKind.CHOICE:
            known = {str(value): str(value) for one in (first, *others) for value in one.choices}
        shown = _choice(filters, name, known) if known else _text(filters, name, HINTS.get(first.kind, ""))
        yield replace(shown, label=first.name)


def _choice(filters: Filters, name: str, known: dict[str, str], kind: str = "choice") -> Field:
    term = filters.get(name)
    return Field(
        name,
        _label(name),
        kind,
        rest=_rest(term),
        options=[(value, label, value in term.wanted) for value, label in known.items()],
    )


def _range(filters: Filters, name: str) -> Field:
    read, whole, unit, suffix = RANGES[name]
    given = filters.given.get(name, "")
    found = numbers.read(given, read) if given else numbers.Range()
    return Field(
        name,
        _label(name),
        "range",
        given=given,
        least=_shown(found.least, whole),
        most=_shown(found.most, whole),
        unit=unit,
        suffix=suffix,
    )


def _text(filters: Filters, name: str, hint: str) -> Field:
    term = filters.get(name)
    given = grammar.written(term.wanted) if term.wanted else ""
    return Field(name, _label(name), "text", given=given, rest=_rest(term), hint=hint)


def _rest(term: Term) -> str:
    return grammar.written(term.unwanted, negated=True) if term.unwanted else ""


def _label(name: str) -> str:
    one = named(name)
    return one.label if one else name


def _shown(number: Any, whole: int) -> str:
    return "" if number is None else f"{(Decimal(number) / whole).normalize():f}"
