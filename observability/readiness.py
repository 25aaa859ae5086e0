"""Whether this process could do its work now: the database, its schema, Redis, and the live log's Redis."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from redis.exceptions import RedisError

from agents.lookup import per_loop
from streaming.log import Log

logger = logging.getLogger(__name__)

WITHIN_S = 2.0
# Anybody may ask, as often as they like: the servers are asked once for all who do within this.
KEPT_S = 1.0
# What a driver raises where a server is not there, not reachable, or not itself.
_AWAY = (psycopg.Error, RedisError, OSError)


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ms: int
    problem: str = ""  # for strangers: no address, no reason of the server's

    @property
    def ok(self) -> bool:
        return not self.problem


class NotThere(Exception):
    """A server answers, and still cannot be worked with. `args[0]` may be told to anybody."""


class Readiness:
    """The latest answer, shared by all who ask together. One per event loop."""

    def __init__(self) -> None:
        self._asked: asyncio.Task[list[Check]] | None = None
        self._until = 0.0

    async def checks(self) -> list[Check]:
        if self._asked is None or (self._asked.done() and time.monotonic() > self._until):
            self._asked = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asked)

    async def _ask(self) -> list[Check]:
        # Before the clock runs: the first time, every migration has to be imported.
        needed = await asyncio.to_thread(_on_disk)
        asked: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("database", _database),
            ("migrations", lambda: _migrations(needed)),
            ("redis", lambda: _redis(settings.REDIS_URL)),
        ]
        if settings.REDIS_LOG_URL != settings.REDIS_URL:
            asked.append(("live log", lambda: _redis(settings.REDIS_LOG_URL)))
        try:
            return await asyncio.gather(*(_check(name, ask) for name, ask in asked))
        finally:
            self._until = time.monotonic() + KEPT_S


readiness = per_loop(Readiness)


async def _check(name: str, ask: Callable[[], Awaitable[None]]) -> Check:
    began = time.monotonic()
    problem = ""
    try:
        async with asyncio.timeout(WITHIN_S):
            await ask()
    except NotThere as error:
        problem = str(error)
    except TimeoutError:
        problem = f"no answer within {WITHIN_S:g} s"
    except _AWAY as error:
        logger.warning("not ready: %s: %s", name, type(error).__name__)
        problem = "away"
    return Check(name, round((time.monotonic() - began) * 1000), problem)


def of_our_own() -> dict[str, Any]:
    """How to reach the database without the pool, which would make us wait behind everybody else."""
    params = connection.get_connection_params()
    of_django = ("context", "cursor_factory")  # its own types and synchronous cursors
    kept = {name: value for name, value in params.items() if name not in of_django}
    return kept | {"connect_timeout": int(WITHIN_S), "autocommit": True}


async def _connect() -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(**of_our_own())


async def _database() -> None:
    async with await _connect() as asked:
        await asked.execute("SELECT 1")


async def _migrations(needed: frozenset[tuple[str, str]]) -> None:
    async with await _connect() as asked:
        cursor = await asked.execute("SELECT app, name FROM django_migrations")
        applied = set(await cursor.fetchall())
    missing = len(needed - applied)
    if missing:
        raise NotThere(f"{missing} not applied")


@lru_cache(maxsize=1)
def _on_disk() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


async def _redis(url: str) -> None:
    log = Log(url)  # which knows how to reach a cluster, too
    try:
        await log.redis.ping()
    finally:
        await log.close()
