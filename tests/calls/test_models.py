"""What is asked all the time reads an index."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from calls.models import Call, Turn


@pytest.fixture
def no_scans(db):
    """PostgreSQL reads whole tables only if it must."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")


def test_calls_that_ended_lately(no_scans):
    lately = Call.objects.filter(ended_at__gt=timezone.now() - timedelta(minutes=10))

    assert "calls_ended" in lately.explain()


def test_when_a_workspace_last_had_a_call_end(no_scans, workspace):
    ended = Call.objects.for_workspace(workspace.pk).filter(ended_at__isnull=False).order_by("-ended_at")

    assert "calls_by_end" in ended[:1].explain()


def test_the_answers_of_the_last_minutes(no_scans, workspace):
    since = timezone.now() - timedelta(minutes=15)
    turns = Turn.objects.for_workspace(workspace.pk).filter(created_at__gte=since, reply_ms__isnull=False)

    assert "answers_by_time" in turns.order_by().explain()
