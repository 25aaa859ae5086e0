"""What is asked all the time reads an index."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from calls.models import Call


@pytest.fixture
def no_scans(db):
    """PostgreSQL reads whole tables only if it must."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")


def test_calls_that_ended_lately(no_scans):
    lately = Call.objects.filter(ended_at__gt=timezone.now() - timedelta(minutes=10))
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX calls_by_end")  # PostgreSQL may skip through it where workspaces are few

    assert "calls_ended" in lately.explain()
