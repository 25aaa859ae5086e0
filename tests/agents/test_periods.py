from datetime import UTC, datetime

import pytest

from agents.periods import starts

NOON = datetime(2026, 12, 31, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "later", "begins"),
    [
        ("day", 0, datetime(2026, 12, 31, tzinfo=UTC)),
        ("day", 1, datetime(2027, 1, 1, tzinfo=UTC)),
        ("month", 0, datetime(2026, 12, 1, tzinfo=UTC)),
        ("month", 1, datetime(2027, 1, 1, tzinfo=UTC)),
        ("month", -11, datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_period_begins_at_midnight(period, later, begins):
    assert starts(period, NOON, later=later) == begins
