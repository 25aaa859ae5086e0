"""The connections to PostgreSQL that all threads of a process share; config/settings.py says how many."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import TypeVar

from django.db import connection

Answer = TypeVar("Answer")

_others = ThreadPoolExecutor(4, thread_name_prefix="meanwhile")


def leave_database() -> None:
    """Give back the connection of this thread, which is about to wait for somebody else's machine.

    The next query takes one again. In a transaction it stays: what was written would be lost.
    """
    if not connection.in_atomic_block:
        connection.close()


@contextmanager
def meanwhile(work: Callable[[], Answer]) -> Iterator[Callable[[], Answer]]:
    """with meanwhile(work) as answer: another thread does it, on a connection of its own, until answer().

    In a transaction this one does it, at answer(): the other would not see what was written. For what asks
    the database and no more: a server's event loop does not know of the other thread.
    """
    if connection.in_atomic_block:
        yield work
        return
    doing = _others.submit(copy_context().run, _on_its_own, work)

    def answer() -> Answer:
        if doing.cancel():  # they are all busy with others'
            return work()
        if not doing.done():
            leave_database()  # else all that there are could be held by those who wait for one more
        return doing.result()

    try:
        yield answer
    finally:
        doing.cancel()


def _on_its_own(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    finally:
        connection.close()
