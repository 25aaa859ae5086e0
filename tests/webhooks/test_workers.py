"""Many at work on the same deliveries, and on their connection: locks, deadlocks, deletion."""

import threading

import pytest
from django.db import OperationalError, transaction
from django.db import connection as database

from accounts.models import AuditEntry
from calls.models import Call
from platforms.models import Connection
from platforms.services import delete as delete_connection
from tests.platforms.retell.payloads import CALL
from tests.webhooks.applying import ENDED, STARTED, apply_all, due_now
from tests.webhooks.told import body_of, kept
from tests.webhooks.waiting import wait_until_waited_for
from webhooks import services
from webhooks.models import Delivery
from webhooks.services import apply_next


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_apply_everything_once(connection, agent):
    """Three workers, twelve calls, and a receiver that counts repeats of the very rows they settle."""
    for n in range(12):
        for kind, told in (("call_started", STARTED), ("call_ended", ENDED), ("call_analyzed", CALL)):
            kept(connection, body_of(kind, call=told | {"call_id": f"call_{n}"}))
    failures = []

    def run(work) -> None:
        try:
            work()
        except Exception as error:
            failures.append(error)
        finally:
            database.close()

    def repeat() -> None:
        for _ in range(10):
            with transaction.atomic():
                rows = Delivery.objects.select_for_update().order_by("connection_id", "digest")
                for row in rows[:10]:
                    Delivery.objects.filter(pk=row.pk).update(repeats=row.repeats + 1)

    threads = [
        threading.Thread(target=run, args=(work,)) for work in (apply_all, apply_all, apply_all, repeat)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert failures == []
    assert set(Delivery.objects.values_list("status", "attempts")) == {("applied", 1)}
    assert {call.turn_count for call in Call.objects.all()} == {5}
    assert Call.objects.count() == 12


@pytest.mark.django_db(transaction=True)
def test_a_call_that_is_locked_for_long_is_tried_again_later(connection):
    kept(connection, body_of("call_started", call=STARTED))
    kept(connection, body_of("call_ended", call=ENDED))
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                services._lock(f"{connection.workspace_id}:retell:{CALL['call_id']}")
                held.set()
                done.wait(timeout=30)
        finally:
            database.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(timeout=10)
    apply_next()
    done.set()
    holder.join(timeout=10)

    assert set(Delivery.objects.values_list("status", "error")) == {("pending", "OperationalError 55P03")}
    due_now()
    apply_all()
    assert set(Delivery.objects.values_list("status", flat=True)) == {"applied"}


def test_a_deadlock_is_no_failure(connection):
    """The database ends one of two that wait for each other; that one begins again at once."""
    with database.cursor() as cursor:
        cursor.execute("create sequence once")
        cursor.execute(
            "create function lose_once() returns trigger language plpgsql as $$ begin"
            " if nextval('once') < 3 then raise deadlock_detected; end if; return new; end $$"
        )
        cursor.execute(
            "create trigger lose_once before insert on calls_call for each row execute function lose_once()"
        )
    kept(connection, body_of("call_started", call=STARTED))
    apply_all()

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts) == ("applied", 1)


@pytest.mark.django_db(transaction=True)
def test_a_connection_is_deleted_while_its_deliveries_are_applied(connection):
    """Whoever applies holds the call and wants its deliveries; whoever deletes, the other way round."""
    delivery = kept(connection, body_of("call_started", call=STARTED))
    apply_all()
    held = threading.Event()

    def apply_slowly() -> None:
        try:
            with transaction.atomic(), database.cursor() as cursor:
                Call.objects.select_for_update().get()
                held.set()
                wait_until_waited_for(cursor)
                list(Delivery.objects.select_for_update().filter(pk=delivery.pk))
        except OperationalError:
            pass  # one of the two has lost
        finally:
            database.close()

    applier = threading.Thread(target=apply_slowly, daemon=True)
    applier.start()
    assert held.wait(timeout=10)
    delete_connection(connection, by=None)
    applier.join(timeout=10)

    assert not Connection.objects.exists()
    assert not Delivery.objects.exists()
    assert Call.objects.get().connection_id is None
    assert AuditEntry.objects.filter(action="connection.delete").count() == 1
