"""Waiting for what two who want the same rows do to each other."""

import time
from typing import Any

WITHIN_S = 20


def wait_until_waited_for(cursor: Any) -> None:
    """Come back once somebody waits for a lock that this connection holds."""
    end = time.monotonic() + WITHIN_S
    blocked = "SELECT 1 FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    # Of psycopg execute() answers what fetches, of Django the cursor itself does.
    while not (cursor.execute(blocked) or cursor).fetchone():
        assert time.monotonic() < end, "nobody waits"
        time.sleep(0.01)
