"""Some days, in pieces that a chart shows beside each other: hours, days, weeks or months of a time zone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from django.utils import timezone

from calls.filters import days

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
STEPS = ("hour", "day", "week", "month")
MOST_PIECES = 800  # of one answer
LONGEST = 3_660  # days
_LONG = {  # up to how many days are shown in such pieces
    "hour": 2,
    "day": 62,
    "week": 400,
}


def _year(today: date) -> days.Span:
    month = today.replace(day=1)
    return month.replace(year=month.year - 1), today


# Those of the list of calls, and longer ones.
WHEN: dict[str, tuple[str, Callable[[date], days.Span]]] = days.WHEN | {
    "90d": ("Last 90 days", lambda today: (today - timedelta(days=89), today)),
    "12m": ("Last 12 months", _year),
}


@dataclass(frozen=True)
class Period:
    """From the beginning of `first` to the end of `last`, both in the zone. An hour that a day begins in the
    middle of, as in India, is part of the day before."""

    first: date
    last: date
    zone: str = days.UTC_NAME
    step: str = ""

    @classmethod
    def of(cls, first: date, last: date, zone: str, step: str = "") -> "Period":
        """Raises ValueError in words for people."""
        if last < first:
            raise ValueError("the last day is before the first")
        if (last - first).days >= LONGEST:
            raise ValueError(f"at most {LONGEST} days")
        length = (last - first).days + 1
        if not step:
            step = next((step for step, most in _LONG.items() if length <= most), "month")
        if {"hour": length * 24, "day": length}.get(step, 0) > MOST_PIECES:
            raise ValueError(f"at most {MOST_PIECES} pieces: ask for fewer days, or by week or month")
        return cls(first, last, zone, step)

    @property
    def start(self) -> datetime:
        return days.midnight(self.first, self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        return days.midnight(self.last + DAY, self.zone).astimezone(UTC)

    @cached_property
    def starts(self) -> list[datetime]:
        """When each piece begins, in UTC; the last ends with the period."""
        if self.step == "hour":
            return list(_hours(self.start, self.end))
        return [days.midnight(day, self.zone).astimezone(UTC) for day, _ in self.spans]

    @cached_property
    def spans(self) -> list[days.Span]:
        """The days of each piece; of an hour, its day."""
        if self.step == "hour":
            local = [at.astimezone(days.midnight(self.first, self.zone).tzinfo).date() for at in self.starts]
            return [(day, day) for day in local]
        found, day = [], self.first
        while day <= self.last:
            following = _next(day, self.step)
            found.append((day, min(following - DAY, self.last)))
            day = following
        return found

    @property
    def before(self) -> tuple[datetime, datetime]:
        """As many days just before; of a period that is not over, as much of them as there has been of it."""
        first = self.first - (self.last + DAY - self.first)
        start = days.midnight(first, self.zone).astimezone(UTC)
        over = timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0) + HOUR
        return start, min(self.start, start + max(over - self.start, timedelta()))

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    def label(self, at: int) -> str:
        """What a piece is called: "14:00", "Tue 17 Nov", "17 to 23 Nov", "November 2026"."""
        first, last = self.spans[at]
        if self.step == "hour":
            local = self.starts[at].astimezone(days.midnight(first, self.zone).tzinfo)
            return f"{local:%a %-d %b, %H:%M}"
        if self.step == "day":
            return f"{first:%a %-d %b}"
        if self.step == "month":
            return f"{first:%B %Y}"
        return f"{first:%-d %b} to {last:%-d %b}"

    def tick(self, at: int) -> str:
        """The same on an axis: short."""
        first, _ = self.spans[at]
        if self.step == "hour":
            return f"{self.starts[at].astimezone(days.midnight(first, self.zone).tzinfo):%H:%M}"
        return f"{first:%b %Y}" if self.step == "month" else f"{first:%-d %b}"


def _hours(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += HOUR


def _next(day: date, step: str) -> date:
    if step == "day":
        return day + DAY
    if step == "week":
        return day + timedelta(days=7 - day.weekday())
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
