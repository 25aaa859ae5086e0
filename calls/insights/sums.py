"""Sums of calls: read from the tallies, and what follows from them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import DateTimeField, F, Func, IntegerField, Q, Sum, Value

from calls.insights import spread
from calls.insights.counting import DAY, day_of
from calls.models import BUCKETS, Tally, TallyPart

SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class Sums:
    """What some calls come to: each as in `Tally`."""

    calls: int = 0
    completed: int = 0
    caller_hung_up: int = 0
    agent_hung_up: int = 0
    transferred: int = 0
    not_connected: int = 0
    failed: int = 0
    contained: int = 0
    escalated: int = 0
    positive: int = 0
    neutral: int = 0
    negative: int = 0
    moods: int = 0
    mood_at_start: float = 0.0
    mood_at_end: float = 0.0
    duration_ms: int = 0
    answers: int = 0
    cost_usd: Decimal = Decimal(0)
    tool_calls: int = 0
    tool_failures: int = 0
    spread: list[float] = field(default_factory=lambda: [0.0] * BUCKETS)

    def add(self, other: "Sums") -> None:
        for name in COLUMNS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.spread = [mine + theirs for mine, theirs in zip(self.spread, other.spread, strict=True)]

    @property
    def connected(self) -> int:
        return self.calls - self.not_connected - self.failed

    @property
    def otherwise(self) -> int:
        """Those that ended without anybody saying how."""
        told = self.completed + self.caller_hung_up + self.agent_hung_up + self.transferred
        return self.connected - told

    def reply_ms(self, share: float) -> int | None:
        return spread.percentile(self.spread, share)


COLUMNS = tuple(one.name for one in fields(Sums) if one.name != "spread")


@dataclass(slots=True)
class Part:
    n: int = 0
    failed: int = 0
    usd: Decimal = Decimal(0)

    def add(self, other: "Part") -> None:
        self.n += other.n
        self.failed += other.failed
        self.usd += other.usd


@dataclass(frozen=True, slots=True)
class Key:
    """What sums are of. Each that was not asked for is as if there were one only."""

    slot: int = 0
    agent: UUID | None = None
    version: UUID | None = None
    platform: str = ""
    channel: str = ""


_COLUMN = {"agent": "agent_id", "version": "version_id", "platform": "platform", "channel": "channel"}


def sums(workspace_id: UUID, bounds: list[datetime], narrowed: Q, by: Iterable[str] = ()) -> dict[Key, Sums]:
    """Of the hours between each two of `bounds`, slot 0 first, and `by` any of agent, version, platform and
    channel."""
    by = tuple(by)
    rows = _rows(Tally, workspace_id, bounds, narrowed).values("slot", *(_COLUMN[one] for one in by))
    # pgvector adds whole spreads up at once.
    rows = rows.annotate(**{f"{name}_sum": Sum(name) for name in (*COLUMNS, "spread")})
    return {
        _key(row, by): Sums(**{name: row[f"{name}_sum"] for name in (*COLUMNS, "spread")}) for row in rows
    }


def parts(workspace_id: UUID, bounds: list[datetime], narrowed: Q) -> dict[tuple[str, str], dict[int, Part]]:
    """(kind, name) → slot → what it comes to."""
    rows = _rows(TallyPart, workspace_id, bounds, narrowed).values("slot", "kind", "name")
    found: dict[tuple[str, str], dict[int, Part]] = defaultdict(dict)
    for row in rows.annotate(n_sum=Sum("n"), failed_sum=Sum("failed"), usd_sum=Sum("usd")):
        part = Part(row["n_sum"], row["failed_sum"], row["usd_sum"])
        found[row["kind"], row["name"]][row["slot"] - 1] = part
    return dict(found)


def total(some: Iterable[Sums]) -> Sums:
    found = Sums()
    for one in some:
        found.add(one)
    return found


def _rows(model: Any, workspace_id: UUID, bounds: list[datetime], narrowed: Q) -> Any:
    slot = Func(
        F("hour"),
        Value(bounds, output_field=ArrayField(DateTimeField())),
        function="width_bucket",
        output_field=IntegerField(),
    )
    rows = model.objects.for_workspace(workspace_id).filter(_covering(bounds), narrowed)
    return rows.order_by().annotate(slot=slot)


def _covering(bounds: list[datetime]) -> Q:
    """Days of UTC as far as they are within two bounds, and hours for the rest."""
    spans: list[tuple[int, datetime, datetime]] = []
    for since, until in pairwise(bounds):
        first, last = day_of(since + DAY - SECOND), day_of(until)
        if first < last:
            pieces = [(1, since, first), (24, first, last), (1, last, until)]
        else:
            pieces = [(1, since, until)]
        for hours, begin, end in pieces:
            if begin == end:
                continue
            if spans and spans[-1][0] == hours and spans[-1][2] == begin:
                begin = spans.pop()[1]
            spans.append((hours, begin, end))
    found = Q(pk__in=[])
    for hours, begin, end in spans:
        found |= Q(hours=hours, hour__gte=begin, hour__lt=end)
    return found


def _key(row: dict[str, Any], by: tuple[str, ...]) -> Key:
    return Key(slot=row["slot"] - 1, **{one: row[_COLUMN[one]] for one in by})
