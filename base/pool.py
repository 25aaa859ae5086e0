"""The connections to PostgreSQL that all threads of a process share; config/settings.py says how many."""

from django.db import connection


def leave_database() -> None:
    """Give back the connection of this thread, which is about to wait for somebody else's machine.

    The next query takes one again. In a transaction it stays: what was written would be lost.
    """
    if not connection.in_atomic_block:
        connection.close()
