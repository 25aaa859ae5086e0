"""What is done by another thread meanwhile: on a connection of its own, which it gives back."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from base import pool
from base.pool import meanwhile


def backend() -> int:
    """The process of PostgreSQL that this thread's connection is to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def where() -> tuple[int, int]:
    return threading.get_ident(), backend()


@pytest.fixture
def others(monkeypatch) -> ThreadPoolExecutor:
    """Those who do things meanwhile: one."""
    with ThreadPoolExecutor(1) as one:
        monkeypatch.setattr(pool, "_others", one)
        yield one


@pytest.mark.django_db(transaction=True)
def test_it_is_done_at_the_same_time_on_another_connection(others):
    begun, asked = threading.Event(), threading.Event()

    def work() -> tuple[int, int]:
        begun.set()
        assert asked.wait(10)
        return where()

    with meanwhile(work) as answer:
        assert begun.wait(10)
        here = where()
        asked.set()
        thread, process = answer()

    assert thread != here[0]
    assert process != here[1]
    assert others.submit(lambda: connection.connection).result() is None  # it was given back


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_holds_no_connection(others):
    """Of so many who wait, each with one, for one more, none would ever have it."""
    waits = threading.Event()

    def work() -> None:
        assert waits.wait(10)

    with meanwhile(work) as answer:
        backend()
        threading.Timer(0.2, waits.set).start()
        answer()
        assert connection.connection is None


@pytest.mark.django_db
def test_in_a_transaction_it_sees_what_was_written():
    with meanwhile(where) as answer:
        assert answer() == where()


@pytest.mark.django_db(transaction=True)
def test_where_all_others_are_busy_it_is_done_here(others):
    free = threading.Event()
    busy = others.submit(free.wait, 10)
    with meanwhile(where) as answer:
        assert answer() == where()
    free.set()
    assert busy.result()


@pytest.mark.django_db(transaction=True)
def test_what_goes_wrong_there_is_raised_here(others):
    def work() -> None:
        raise LookupError("nowhere")

    with meanwhile(work) as answer, pytest.raises(LookupError, match="nowhere"):
        answer()


@pytest.mark.django_db(transaction=True)
def test_what_nobody_asks_for_is_not_begun(others):
    free, done = threading.Event(), []
    busy = others.submit(free.wait, 10)
    with pytest.raises(ValueError, match="enough"), meanwhile(lambda: done.append(1)), transaction.atomic():
        raise ValueError("enough")
    free.set()
    assert busy.result()
    others.shutdown()
    assert done == []
