"""A short look at the database and Redis before anything starts, with the real reason if they do not answer.

A connection pool would hide a wrong address behind a timeout of ten seconds.
"""

from urllib.parse import unquote, urlsplit

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from base.processes import CannotStart

OLDEST_POSTGRES = 14  # what Django 5.2 needs
CONNECT_S = 5


def check_database(url: str, *, may_change: bool = False) -> None:
    """Raises CannotStart naming DATABASE_URL unless a new enough PostgreSQL with pgvector answers.

    may_change: enable the extensions where they are missing and the role is allowed to.
    """
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_S)
    except psycopg.Error as error:
        raise CannotStart(f"DATABASE_URL: {_reason(error)}.") from error
    with connection:
        version = connection.info.server_version // 10_000
        if version < OLDEST_POSTGRES:
            raise CannotStart(
                f"DATABASE_URL: that is PostgreSQL {version}; Earshot needs {OLDEST_POSTGRES} or newer."
            )
        for extension in ("vector", "pg_trgm"):
            _check_extension(connection, extension, may_change)


def check_redis(name: str, url: str) -> None:
    """Raises CannotStart naming the setting `name` unless a Redis answers at `url`."""
    try:
        with redis.Redis.from_url(
            url, socket_connect_timeout=CONNECT_S, socket_timeout=CONNECT_S, retry=Retry(NoBackoff(), 0)
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        raise CannotStart(f"{name}: no Redis answers at {_shown(url)} ({_one_line(error)}).") from error


def _check_extension(connection: psycopg.Connection, extension: str, may_change: bool) -> None:
    known = connection.execute(
        "SELECT installed_version FROM pg_available_extensions WHERE name = %s", [extension]
    ).fetchone()
    if known is None:
        what = "pgvector" if extension == "vector" else extension
        raise CannotStart(
            f"DATABASE_URL: that server has no {what}; install it there, or use another server."
        )
    if known[0] is None:
        if may_change:
            try:
                connection.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
                return
            except psycopg.errors.InsufficientPrivilege:
                pass  # said below, with what to do
        raise CannotStart(
            f"DATABASE_URL: {extension} is not enabled in that database; "
            f"its administrator does that with CREATE EXTENSION {extension}."
        )


def _reason(error: psycopg.Error) -> str:
    """libpq's last line without its preamble: the server's own words, or why it could not be reached."""
    line = _one_line(error)
    for preamble in ("connection failed: ", "connection is bad: "):
        line = line.removeprefix(preamble)
    return line.replace("FATAL:  ", "").rstrip(".")


def _one_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _shown(url: str) -> str:
    """The address without its password."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return unquote(parts.path)
    return f"{parts.hostname}:{parts.port or 6379}"
