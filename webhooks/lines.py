"""Connections to PostgreSQL for the receiver: a few for each event loop, apart from Django's."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from django.db import connection as django_connection

from agents.lookup import per_loop
from webhooks.packing import Packed, PackedDumper

logger = logging.getLogger(__name__)

MOST = 4
CONNECT_WITHIN_S = 2
# A server that does not answer at all is given up, and with it the connection.
ANSWER_WITHIN_S = 10.0


class Away(Exception):
    """PostgreSQL is not there, or not itself. What was asked of it last may have been done all the same."""


class Lines:
    """At most MOST connections, opened when one is needed and thrown away when it breaks.

    Not a pool that mends itself in the background: whoever asks while PostgreSQL is away is told so at once,
    and whoever asks when it is back is served at once. Nothing is prepared on the server, unless the settings
    say so, for a pooler such as PgBouncer may stand between.
    """

    def __init__(self) -> None:
        self._idle: list[psycopg.AsyncConnection] = []
        self._room = asyncio.Semaphore(MOST)

    @asynccontextmanager
    async def line(self, *, fresh: bool = False) -> AsyncIterator[psycopg.AsyncConnection]:
        """A connection in autocommit, for one caller. `fresh`: not one that was idle. Raises Away."""
        async with self._room:
            if fresh:
                await self._close_idle()
            line = self._idle.pop() if self._idle else await _connect()
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    yield line
            except TimeoutError as error:
                await line.close()
                raise Away("no answer") from error
            except psycopg.Error as error:
                if line.closed:
                    raise Away(type(error).__name__) from error
                raise
            finally:
                if line.pgconn.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                    self._idle.append(line)
                else:
                    await line.close()

    async def close(self) -> None:
        await self._close_idle()

    async def _close_idle(self) -> None:
        while self._idle:
            await self._idle.pop().close()


lines = per_loop(Lines)


async def close() -> None:
    await lines().close()


async def _connect() -> psycopg.AsyncConnection:
    params = django_connection.get_connection_params()
    of_django = ("context", "cursor_factory")  # its own types and synchronous cursors
    wanted = {name: value for name, value in params.items() if name not in of_django}
    try:
        line = await psycopg.AsyncConnection.connect(
            **wanted | {"connect_timeout": CONNECT_WITHIN_S}, autocommit=True
        )
    except (psycopg.OperationalError, OSError) as error:
        logger.warning("no connection to PostgreSQL: %s", type(error).__name__)
        raise Away(type(error).__name__) from error
    line.adapters.register_dumper(Packed, PackedDumper)
    return line
