"""Sums of any days in any zone are those of their hours, whether days or hours are read."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.db.models import Q

from accounts.models import Workspace
from calls.insights import counting, sums
from calls.insights.periods import Period
from calls.models import BUCKETS, Tally

BEGAN = datetime(2026, 3, 20, tzinfo=UTC)  # clocks change in Europe on the 29th
HOURS = [BEGAN + timedelta(hours=n) for n in range(24 * 24)]


@pytest.fixture(scope="module")
def workspace(for_a_module) -> Workspace:
    """With one call in each hour of 24 days."""
    workspace = Workspace.objects.create(name="Larkfield Energy")
    nothing = dict.fromkeys(sums.COLUMNS, 0) | {"spread": [0.0] * (BUCKETS - 1) + [1.0]}
    Tally.objects.bulk_create(
        Tally(workspace=workspace, hour=hour, platform="retell", channel="phone", **(nothing | {"calls": 1}))
        for hour in HOURS
    )
    counting.sum_days(workspace.pk, HOURS[0], HOURS[-1] + timedelta(hours=1))
    return workspace


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "Asia/Tokyo", "Asia/Kolkata", "America/St_Johns"])
def test_each_piece_has_the_hours_that_begin_in_it(workspace, db, zone):
    for step in ("day", "week", "month"):
        period = Period.of(date(2026, 3, 22), date(2026, 4, 9), zone, step)
        bounds = [*period.starts, period.end]

        found = sums.sums(workspace.pk, bounds, Q())

        for slot, (since, until) in enumerate(pairwise(bounds)):
            one = found[sums.Key(slot=slot)]
            expected = sum(since <= hour < until for hour in HOURS)
            assert (one.calls, sum(one.spread)) == (expected, expected), (zone, step, slot)


def test_long_spans_are_read_by_the_day(workspace, db):
    period = Period.of(date(2026, 3, 21), date(2026, 4, 10), "Asia/Tokyo", "week")
    rows = sums._rows(Tally, workspace.pk, [*period.starts, period.end], Q())

    assert rows.filter(hours=24).count() > 14
    assert rows.count() < 24 * 6
