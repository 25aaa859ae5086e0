"""A doorbell that says nothing, and a worker who goes to look."""

import pytest
from celery.contrib.testing.worker import start_worker
from django.db import OperationalError
from django.db import connection as database

from calls.models import Call
from config.celery import TIMETABLE, app
from tests.config.running import wait_for
from tests.platforms.retell.payloads import CALL, ONGOING
from tests.webhooks.told import body_of, kept
from webhooks.models import Delivery
from webhooks.tasks import apply_pending

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(db):
    with start_worker(app, perform_ping_check=False, shutdown_timeout=20) as worker:
        yield worker


@pytest.fixture
def three_calls(connection) -> None:
    for n in range(3):
        for kind, call in (("call_ended", CALL), ("call_started", ONGOING)):
            kept(connection, body_of(kind, call=call | {"call_id": f"call_{n}"}))


def nothing_is_pending() -> bool:
    return not Delivery.objects.filter(status="pending").exists()


def test_one_ring_has_everything_applied(three_calls, worker):
    apply_pending.delay()

    wait_for(nothing_is_pending)
    assert Delivery.objects.filter(status="applied").count() == 6
    assert Call.objects.count() == 3


def test_a_worker_who_is_at_it_for_too_long_rings_again(three_calls, worker):
    apply_pending.delay(at_a_time_seconds=0)

    wait_for(nothing_is_pending)


def test_a_ring_for_nothing_is_nothing(connection):
    apply_pending()

    assert Delivery.objects.count() == 0


def test_a_database_that_is_away_is_waited_for(connection, caplog):
    kept(connection, body_of("call_started", call=ONGOING))
    with pytest.raises(OperationalError), database.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(pg_backend_pid())")

    apply_pending()
    assert "webhooks cannot be applied now: OperationalError" in caplog.text

    database.close()
    apply_pending()
    assert Delivery.objects.get().status == "applied"


def test_somebody_looks_every_few_seconds_even_if_nobody_rings():
    entry = TIMETABLE["apply webhooks"]

    assert entry["task"] == apply_pending.name
    assert entry["schedule"] <= 10
    # Ticks that no worker was there for are gone when one comes.
    assert entry["options"]["expires"] <= entry["schedule"]
