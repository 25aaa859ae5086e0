"""The order of a list of calls, and its pages: each begins where the one before ended, whatever came."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from base.cursors import make_cursor, read_cursor
from calls.filters.names import length
from calls.models import Call

# What calls are sorted by → its column. Calls that have none, as those that go on, come last.
COLUMNS = {
    "started": "started_at",
    "duration": "length",
    "latency": "reply_p95_ms",
    "cost": "total_usd",
    "score": "score",
}
NEWEST = "-started"
SORTS = tuple(f"{sign}{name}" for name in COLUMNS for sign in ("-", ""))


class Gone(Exception):
    """The row a cursor stands at is not there any more."""


@dataclass(frozen=True, slots=True)
class Page:
    """`before` and `after` are cursors, or empty where there is nothing."""

    calls: list[Call]
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Sort:
    """`-` in front of a name is the most first."""

    text: str = NEWEST

    @classmethod
    def of(cls, text: str) -> "Sort":
        """The newest first, if that makes no sense."""
        return cls(text if text in SORTS else NEWEST)

    @property
    def name(self) -> str:
        return self.text.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        return self.text.startswith("-")

    @property
    def column(self) -> str:
        return COLUMNS[self.name]

    def page(self, rows: QuerySet[Call], cursor: str, scope: str, limit: int) -> Page:
        """`scope` names the list, for its cursors. Raises BadRequest of a cursor that is not one of it, and
        Gone."""
        scope = f"{scope}:{self.text}"
        anchor, towards = read_cursor(cursor, scope) if cursor else (None, "older")
        at = _anchor(anchor) if anchor else None
        back = towards == "newer"
        found = _first(self._parts(rows, at, back=back), limit + 1)
        more, found = len(found) > limit, found[:limit]
        if back:
            found.reverse()
        if not found:
            return Page([])
        has_before, has_after = (more, True) if back else (at is not None, more)
        return Page(
            found,
            make_cursor(found[0].pk, "newer", scope) if has_before else "",
            make_cursor(found[-1].pk, "older", scope) if has_after else "",
        )

    def _parts(self, rows: QuerySet[Call], at: "_At | None", *, back: bool) -> list[QuerySet[Call]]:
        """What follows on a row, or is before it, the nearest first: those that have a value, and others."""
        rows = rows.alias(length=length())
        down = self.is_descending != back
        value = getattr(at, self.column) if at else None
        known = _ordered(rows.filter(**{f"{self.column}__isnull": False}), self.column, down=down)
        if self.column == "started_at":
            return [_beyond(known, self.column, value, at, down=down)]
        others = _ordered(rows.filter(**{self.column: None}), "started_at", down=not back)
        if at is None:
            return [known, others]
        if value is not None:
            known = _beyond(known, self.column, value, at, down=down)
            return [known] if back else [known, others]
        others = _beyond(others, "started_at", at.started_at, at, down=not back)
        return [others, known] if back else [others]


@dataclass(frozen=True, slots=True)
class _At:
    """A row that a page begins at."""

    pk: UUID
    started_at: datetime
    length: Any
    reply_p95_ms: int | None
    total_usd: Any
    score: int | None


def _anchor(pk: UUID) -> _At:
    columns = ("pk", *COLUMNS.values())
    row = Call.objects.filter(pk=pk).annotate(length=length()).values(*columns).first()
    if row is None:
        raise Gone
    return _At(**row)


def _ordered(rows: QuerySet[Call], column: str, *, down: bool) -> QuerySet[Call]:
    sign = "-" if down else ""
    return rows.order_by(f"{sign}{column}", f"{sign}id")


def _beyond(rows: QuerySet[Call], column: str, value: Any, at: _At | None, *, down: bool) -> QuerySet[Call]:
    if at is None:
        return rows
    compare = "lt" if down else "gt"
    # The first is true of the others, too, and says where in the index to begin.
    further = Q(**{f"{column}__{compare}": value}) | Q(**{column: value, f"id__{compare}": at.pk})
    return rows.filter(Q(**{f"{column}__{compare}e": value}) & further)


def _first(parts: Iterable[QuerySet[Call]], most: int) -> list[Call]:
    found: list[Call] = []
    for rows in parts:
        if len(found) < most:
            found += rows[: most - len(found)]
    return found
