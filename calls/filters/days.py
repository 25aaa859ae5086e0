"""Days as people mean them: in their own time zone, and counted back from today."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone

UTC_NAME = "UTC"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,30}(/[A-Za-z0-9_+-]{1,30}){0,2}")
FIRST, LAST = date(1900, 1, 1), date(9999, 12, 30)  # there is a day after it, in every zone

Span = tuple[date, date]  # both included


def _month(first: date) -> Span:
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


# Each by what the day is today.
WHEN: dict[str, tuple[str, Callable[[date], Span]]] = {
    "today": ("Today", lambda today: (today, today)),
    "yesterday": ("Yesterday", lambda today: (today - timedelta(days=1), today - timedelta(days=1))),
    "7d": ("Last 7 days", lambda today: (today - timedelta(days=6), today)),
    "30d": ("Last 30 days", lambda today: (today - timedelta(days=29), today)),
    "this-week": ("This week", lambda today: (_monday(today), _monday(today) + timedelta(days=6))),
    "last-week": (
        "Last week",
        lambda today: (_monday(today) - timedelta(days=7), _monday(today) - timedelta(days=1)),
    ),
    "this-month": ("This month", lambda today: _month(today.replace(day=1))),
    "last-month": (
        "Last month",
        lambda today: _month((today.replace(day=1) - timedelta(days=1)).replace(day=1)),
    ),
}


@lru_cache(maxsize=256)
def known_zone(name: str) -> str:
    """The name if there is such a zone; else empty."""
    if not _NAME.fullmatch(name):
        return ""
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # it is not there, or a folder of them
        return ""
    return name


def zone_of(request: HttpRequest) -> str:
    """The time zone of whoever looks at a page: their browser has said it (static/js/shell.js)."""
    return known_zone(request.COOKIES.get("tz", "")) or UTC_NAME


def today(zone: str) -> date:
    return timezone.now().astimezone(ZoneInfo(zone)).date()


def span_of(when: str, zone: str) -> Span:
    return WHEN[when][1](today(zone))


def midnight(day: date, zone: str) -> datetime:
    """When it begins there."""
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone))


def day(text: str) -> date:
    """Raises ValueError in words for people."""
    try:
        found = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        found = None
    if found is None or not FIRST <= found <= LAST:
        raise ValueError("give a day as 2026-11-20")
    return found
