"""Fixtures every test may use. The servers behind them are started by tests/plugin.py."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psycopg
import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.test import TransactionTestCase

from tests.plugin import MIGRATED

# As ever, with a hundredth of the work: tests that sign in, and fail to, take 50 ms less each time.
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost = 1, 1024

TEMPLATE = "migrated"  # of each worker's database
LEFT = {"django_migrations", "django_content_type", "auth_permission"}  # migrations make these, tests do not
# Rows nobody may delete one by one (accounts/migrations/0002).
APPEND_ONLY = "accounts_auditentry"


def emptied(case: TransactionTestCase) -> None:
    """Take away what a test with transactions of its own has written.

    Django's own way makes a new file for each table and index, and writes every permission anew: 0.5 s. Here
    tables are asked whether they hold anything; few do.
    """
    for connection in map(connections.__getitem__, case._databases_names(include_mirrors=False)):
        tables = [name for name in connection.introspection.django_table_names() if name not in LEFT]
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            asked = " UNION ALL ".join(
                f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in tables
            )
            # Planning it takes ten times as long as answering it: it is planned once.
            full = {name for (name,) in connection.connection.execute(asked, prepare=True)}
            if APPEND_ONLY in full:
                cursor.execute(f"TRUNCATE {APPEND_ONLY}")
            for name in full - {APPEND_ONLY}:
                cursor.execute(f"DELETE FROM {name}")  # keys between tables are looked at when all is gone


TransactionTestCase._fixture_teardown = emptied


@pytest.fixture(scope="session")
def turn_to_migrate(django_db_modify_db_settings) -> Iterator[IO[bytes] | None]:
    """A file that one worker of a run holds at a time, while it makes its database; empty until there is a
    template. Nothing where there is one worker only, or a server that is not our own."""
    ours = os.environ.get(MIGRATED) if "PYTEST_XDIST_WORKER" in os.environ else None
    if not ours:
        yield None
        return
    with Path(ours).open("ab") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if os.path.getsize(ours):
            connections[DEFAULT_DB_ALIAS].settings_dict["TEST"]["TEMPLATE"] = TEMPLATE
        yield turn


@pytest.fixture(scope="session")
def django_db_setup(turn_to_migrate, django_db_setup) -> None:
    """The first worker migrates from nothing, 3 s of CPU; the others have a copy of what it made."""
    if not turn_to_migrate:
        return
    if not os.path.getsize(turn_to_migrate.name):
        made = connections[DEFAULT_DB_ALIAS]
        made.close()
        made.close_pool()
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
            server.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE {made.settings_dict['NAME']}")
        turn_to_migrate.write(b"done")
        turn_to_migrate.flush()
    fcntl.flock(turn_to_migrate, fcntl.LOCK_UN)


@pytest.fixture(scope="module")
def for_a_module(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Rows that a fixture of a module makes are there for each of its tests, as they were, and gone after the
    last. Not for tests with transactions of their own."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
