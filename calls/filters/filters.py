"""The filters of one list: read from an address or from what was typed, and put on the calls."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict

from agents.models import Agent
from calls.filters import days, grammar, names, words
from calls.filters.terms import Term
from calls.models import Topic

_PLACE = {name: place for place, name in enumerate(names.NAMES)}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by. What made no sense is left out, and `faults` says so: name → problem."""

    terms: tuple[Term, ...] = ()
    # In whose days, as an IANA name.
    zone: str = field(default=days.UTC_NAME, compare=False)
    faults: Mapping[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, query: QueryDict, zone: str = days.UTC_NAME, *, strict: bool = False) -> "Filters":
        """What an address asks for. Names that are no filter's are somebody else's. An empty value is a field
        of a form that was left alone; to be `strict` is to call it a fault."""
        asked = [
            (name, *grammar.read(value))
            for name in query
            if names.named(name)
            for value in query.getlist(name)
            if strict or value.strip()
        ]
        return cls(zone=zone)._with(asked)

    @classmethod
    def typed(cls, text: str, workspace_id: UUID, zone: str = days.UTC_NAME) -> tuple["Filters", str]:
        """What somebody typed: its filters, and the words left. Agents and topics go by name."""
        asked, words = [], []
        for name, value, unit in grammar.typed(text):
            if names.named(name):
                negated, values = grammar.read(value)
                asked.append((name, negated, _ids(name, values, workspace_id)))
            else:
                words.append(unit)
        return cls(zone=zone)._with(asked), " ".join(words)

    def _with(self, asked: Iterable[tuple[str, bool, list[str]]]) -> "Filters":
        wanted: dict[str, list[str]] = {term.name: list(term.wanted) for term in self.terms}
        unwanted: dict[str, list[str]] = {term.name: list(term.unwanted) for term in self.terms}
        faults: dict[str, str] = dict(self.faults)
        for name, negated, values in asked:
            try:
                read = _read(name, values, negated=negated)
            except ValueError as error:
                faults[name] = str(error)
                continue
            kept = (unwanted if negated else wanted).setdefault(name, [])
            if name in names.SINGLE:
                kept.clear()  # the last counts
            kept += [value for value in dict.fromkeys(read) if value not in kept]
            if len(kept) > names.MOST_VALUES:
                faults[name] = f"at most {names.MOST_VALUES} values"
                del kept[names.MOST_VALUES :]
        found = [
            Term(name, tuple(sorted(wanted.get(name, ()))), tuple(sorted(unwanted.get(name, ()))))
            for name in {*wanted, *unwanted}
        ]
        terms = sorted((term for term in found if term.values), key=_place)
        for term in terms[names.MOST_TERMS :]:
            faults[term.name] = f"at most {names.MOST_TERMS} filters at once"
        return replace(self, terms=tuple(terms[: names.MOST_TERMS]), faults=faults)

    def without(self, name: str) -> "Filters":
        return replace(self, terms=tuple(term for term in self.terms if term.name != name))

    def but(self, name: str, text: str) -> "Filters":
        """These, but for `name`: what is written in `text` is in its place."""
        return self.without(name)._with([(name, *grammar.read(text))])

    def get(self, name: str) -> Term:
        return next((term for term in self.terms if term.name == name), Term(name))

    @property
    def given(self) -> dict[str, str]:
        """Each as it is written, by its name: for the fields of a form."""
        return {term.name: ",".join(term.values) for term in self.terms}

    @property
    def query(self) -> str:
        """The address of this list, without a cursor: `of` reads it as the same."""
        return urlencode([(term.name, value) for term in self.terms for value in term.values])

    @property
    def text(self) -> str:
        """As it is typed: `typed` reads it as the same."""
        return " ".join(term.typed for term in self.terms)

    def chips(self, workspace_id: UUID) -> list[dict[str, Any]]:
        """Each in words: `name`, `label`, `value`, how it is `typed`, and the query `without` it."""
        return [
            {"name": term.name, **words.told(term, workspace_id), "without": self.without(term.name).query}
            for term in self.terms
        ]

    def of_facts(self) -> "Filters":
        """Without those by custom fields: what they hold was said, and is for those who may see words."""
        kept = tuple(term for term in self.terms if not term.name.startswith(names.FIELD))
        gone = {term.name: "this needs the Operator role" for term in self.terms if term not in kept}
        return replace(self, terms=kept, faults={**self.faults, **gone})

    def narrow(self, rows: Any) -> Any:
        """Those of `rows`, a queryset of Call, that these filters leave."""
        platforms = self.get("platform").wanted
        if not names.shows_playground(platforms):
            rows = rows.real()
        agents = self.get("agent").wanted
        within = names.Within(self.zone, getattr(rows, "workspace_id", None), agents)
        for term in self.terms:
            one = names.named(term.name)
            if one is None:  # it cannot be: only those that are known are kept
                continue
            if term.wanted:
                rows = rows.filter(one.q(term.wanted, within))
            if term.unwanted:
                rows = rows.filter(~one.q(term.unwanted, within))
        return rows


def of_status(rows: Any, status: str) -> Any:
    """Those of this status; all of them if it is none."""
    return rows.filter(names.NAMES["status"].q((status,), names.Within())) if status else rows


def _place(term: Term) -> tuple[int, str]:
    return _PLACE.get(term.name, len(_PLACE)), term.name


def _read(name: str, values: list[str], *, negated: bool) -> list[str]:
    one = names.named(name)
    if one is None:
        raise ValueError("there is no such filter")
    if not values:
        raise ValueError(f"give a value: {one.hint}")
    if not one.several and (negated or len(values) > 1):
        raise ValueError(f"one value, without a !: {one.hint}")
    read = []
    for value in values:
        if len(value) > names.LONGEST or not value.isprintable():
            raise ValueError(f"at most {names.LONGEST} characters that can be printed")
        read.append(one.read(value))
    return read


def _ids(name: str, values: list[str], workspace_id: UUID) -> list[str]:
    """For names of agents and topics their ids; anything else as it is, for `_read` to judge."""
    rows: Any = {"agent": Agent, "topic": Topic}.get(name)
    if rows is None:
        return values
    known: dict[str, list[str]] = {}
    for pk, called in rows.objects.for_workspace(workspace_id).values_list("pk", "name"):
        known.setdefault(" ".join(called.split()).casefold(), []).append(str(pk))
    return [one for value in values for one in known.get(" ".join(value.split()).casefold(), [value])]
