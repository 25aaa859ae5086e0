"""Days and months, in UTC as budgets count them."""

from datetime import datetime, timedelta


def starts(period: str, now: datetime, *, later: int = 0) -> datetime:
    """When the "day" or "month" of `now` (in UTC) began, or the one that comes so many later."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return today + timedelta(days=later)
    months = today.year * 12 + today.month - 1 + later
    return today.replace(year=months // 12, month=months % 12 + 1, day=1)
