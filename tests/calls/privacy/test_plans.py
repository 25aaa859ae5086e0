"""Of many calls, those that are to go are looked up."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from calls.models import Call
from calls.privacy import kept, numbers

pytestmark = pytest.mark.django_db
MANY, FEW = 800, 5


@pytest.fixture
def many(agent):
    """Old calls, of which all but a few have lost what was said and who rang."""
    now = timezone.now()
    Call.objects.bulk_create(
        Call(
            workspace_id=agent.workspace_id,
            platform="retell",
            platform_call_id=f"call_{n}",
            from_number=f"0044 (7700) 9{n:05}",
            started_at=now - timedelta(days=99, minutes=n),
            ended_at=now - timedelta(days=99, minutes=n - 1),
            words_removed_at=None if n < FEW else now,
            numbers_removed_at=None if n < FEW else now,
        )
        for n in range(MANY)
    )
    with connection.cursor() as cursor:
        # What tests before have rolled back is still in the indexes, and would count as work to be done.
        cursor.execute("REINDEX TABLE calls_call")
        cursor.execute("ANALYZE calls_call")
    return agent.workspace_id


def plan(rows, order: str) -> str:
    return rows.order_by(order).values("pk")[:20].explain()


def test_a_caller_is_looked_up_by_their_number(many):
    told = numbers.calls_of(many, "447700900003")

    assert [call.from_number for call in told] == ["0044 (7700) 900003"]
    assert "calls_by_bare_number" in plan(told, "pk")


@pytest.mark.parametrize(
    ("old", "index"), [("_spoken", "calls_with_words"), ("_numbered", "calls_with_numbers")]
)
def test_what_is_old_enough_is_looked_up_among_what_is_left(many, old, index):
    rows = getattr(kept, old)(many, timezone.now() - timedelta(days=30))

    assert rows.count() == FEW
    assert index in plan(rows, "ended_at")
