"""What an address of the page asks for: which days, which calls, and what they are compared with."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q
from django.http import QueryDict

from agents.models import Agent, AgentVersion
from calls.filters import Filters, days, names
from calls.insights.periods import DAY, WHEN, Period
from calls.models import Tally

DIMENSIONS = ("agent", "version", "platform", "channel")  # of the filters of calls, those that tallies know
USUAL = "7d"
BEFORE, NOTHING = "before", "none"
RANGE = "range"


@dataclass(frozen=True)
class Asked:
    period: Period
    when: str = USUAL
    filters: Filters = field(default_factory=Filters)  # of DIMENSIONS
    compare: str = BEFORE  # or NOTHING, or the id of another version
    faults: dict[str, str] = field(default_factory=dict)  # what was not understood, and why

    @classmethod
    def of(cls, query: QueryDict, zone: str) -> "Asked":
        """What makes no sense is left out, and `faults` says so."""
        only = QueryDict(mutable=True)
        for name in DIMENSIONS:
            only.setlist(name, query.getlist(name))
        filters = Filters.of(only, zone)
        faults = dict(filters.faults)
        when = query.get("when") or (RANGE if query.get("from") or query.get("to") else USUAL)
        try:
            period = _period(when, query, zone)
        except ValueError as error:
            faults["when"] = str(error)
            when, period = USUAL, _preset(USUAL, zone)
        compare = query.get("compare") or BEFORE
        if compare not in (BEFORE, NOTHING) and _uuid(compare) is None:
            faults["compare"] = "before, none, or the id of a version"
            compare = BEFORE
        return cls(period, when, filters, compare, faults)

    @property
    def query(self) -> str:
        """The address of the same page."""
        if self.when == RANGE:
            named = [("from", self.period.first.isoformat()), ("to", self.period.last.isoformat())]
        else:
            named = [("when", self.when)]
        named += [("compare", self.compare)] if self.compare != BEFORE else []
        return "&".join(filter(None, [urlencode(named), self.filters.query]))

    def calls(self, span: days.Span | None = None, **also: str) -> str:
        """The list of the calls that are counted: all of them, or those of some days, narrowed further."""
        first, last = span or (self.period.first, self.period.last)
        also = {"from": first.isoformat(), "to": last.isoformat(), "status": "ended,failed"} | also
        filters = self.filters
        for name in also:
            filters = filters.without(name)
        return "&".join(filter(None, [filters.query, urlencode(also, safe=",")]))

    def narrowed(self, workspace_id: UUID) -> Q:
        return narrowed(self.filters, workspace_id)

    @property
    def other(self) -> UUID | None:
        """The version that these calls are compared with."""
        return None if self.compare in (BEFORE, NOTHING) else _uuid(self.compare)


def narrowed(filters: Filters, workspace_id: UUID) -> Q:
    """The filters of calls, on tallies."""
    found = Q()
    within = names.Within(filters.zone, workspace_id, filters.get("agent").wanted)
    for term in filters.terms:
        one = names.named(term.name)
        if one is not None and term.wanted:
            found &= one.q(term.wanted, within)
        if one is not None and term.unwanted:
            found &= ~one.q(term.unwanted, within)
    return found


def choices(workspace_id: UUID, asked: Asked) -> dict[str, Any]:
    """What can be chosen on the page: value → label; with what is chosen, though nothing is of it."""
    agents = dict(
        _texts(Agent.objects.for_workspace(workspace_id).order_by("name").values_list("pk", "name"))
    )
    counted = Tally.objects.for_workspace(workspace_id).filter(hours=24).order_by()
    platforms = sorted(counted.values_list("platform", flat=True).distinct())
    versions = AgentVersion.objects.for_workspace(workspace_id).filter(
        pk__in=counted.filter(hour__gt=asked.period.start - DAY, hour__lt=asked.period.end).values(
            "version_id"
        )
    )
    if chosen := asked.filters.get("agent").wanted:
        versions = versions.filter(agent_id__in=chosen)
    listed = list(
        versions.order_by("agent__name", "-number").values_list("pk", "agent__name", "number")[:100]
    )
    return {
        "when": {value: label for value, (label, _) in WHEN.items()} | {RANGE: "Other days"},
        "agent": agents,
        "version": {str(n): f"v{n}" for n in sorted({n for _, _, n in listed}, reverse=True)},
        "platform": {one: one.capitalize() for one in platforms},
        "channel": {"phone": "Phone", "web": "Web", "chat": "Chat"},
        "compare": {BEFORE: "The days before", NOTHING: "Nothing"}
        | {str(pk): f"{agent} v{n}" for pk, agent, n in listed},
    }


def _texts(pairs: Any) -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in pairs]


def _period(when: str, query: QueryDict, zone: str) -> Period:
    if when != RANGE:
        if when not in WHEN:
            raise ValueError(f"one of {', '.join(WHEN)}")
        return _preset(when, zone)
    today = days.today(zone)
    last = days.day(str(query["to"])) if query.get("to") else today
    first = days.day(str(query["from"])) if query.get("from") else last
    return Period.of(first, last, zone)


def _preset(when: str, zone: str) -> Period:
    return Period.of(*WHEN[when][1](days.today(zone)), zone)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
