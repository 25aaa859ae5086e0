"""The connections whose webhooks come in, as the receiver needs them: read from PostgreSQL, kept for seconds.

An id is text here, as it stands in an address: a hundred times more often looked up than read.
"""

import asyncio
import logging
import re
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

import psycopg
from cryptography.fernet import InvalidToken

from agents.lookup import per_loop
from base.fields import cipher
from webhooks.lines import Away, lines

logger = logging.getLogger(__name__)

KEPT_S = 4.0  # with what reading takes: whoever rotates a secret or deletes a connection is obeyed within 5 s
UNKNOWN_KEPT_S = 1.0
MOST_KEPT = 2_000
# Connections that are being looked up. Beyond it somebody is guessing, and others may be told to try again.
MOST_ASKED = 500
AT_ONCE = 100
WITHIN_S = 2.5

_READ = """
SELECT id, workspace_id, platform, webhook_secret, previous_webhook_secret
FROM platforms_connection WHERE id = ANY(%s)
"""
_ID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Known:
    """A connection, and what proves that a delivery comes from its platform."""

    id: UUID
    workspace_id: UUID
    platform: str
    secrets: tuple[str, ...]  # the current one and, during a rotation, the one before


class Connections:
    """One per event loop. All who ask in the same moment are answered by one statement."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Known | None]] = {}  # id → (good until, it; None: there is none)
        self._asked: dict[str, asyncio.Future[Known | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def get(self, connection_id: str) -> Known | None:
        """The connection, or None if there is no such one. Raises Away."""
        kept = self._kept.get(connection_id)
        if kept and kept[0] > monotonic():
            return kept[1]
        if not _ID.fullmatch(connection_id):
            return None
        asked = self._asked.get(connection_id)
        if asked is None:
            if len(self._asked) >= MOST_ASKED:
                raise Away("too many are looked up")
            asked = self._asked[connection_id] = asyncio.get_running_loop().create_future()
            if self._reading is None:
                self._reading = asyncio.create_task(self._read_all(), name="webhook connections")
        try:
            async with asyncio.timeout(WITHIN_S):
                return await asyncio.shield(asked)
        except TimeoutError:
            raise Away("no answer in time") from None

    def __len__(self) -> int:
        return len(self._kept)

    def forget(self, connection_id: str) -> None:
        """It turned out to be gone."""
        self._kept.pop(connection_id, None)

    async def _read_all(self) -> None:
        try:
            while self._asked:
                ids = list(self._asked)[:AT_ONCE]
                # Aged from before the read: a change that commits while we read is seen in time too.
                began = monotonic()
                try:
                    found = await _read(ids)
                except Away as away:
                    self._answer(ids, away)
                except Exception as error:  # a mistake of ours; those after them must not wait behind it
                    logger.exception("connections could not be read")
                    self._answer(ids, Away(type(error).__name__))
                else:
                    for connection_id in ids:
                        self._keep(connection_id, found.get(connection_id), began)
                    self._answer(ids, found)
        finally:
            self._reading = None

    def _keep(self, connection_id: str, known: Known | None, began: float) -> None:
        self._kept.pop(connection_id, None)
        self._kept[connection_id] = (began + (KEPT_S if known else UNKNOWN_KEPT_S), known)
        if len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]

    def _answer(self, ids: list[str], found: dict[str, Known] | Away) -> None:
        for connection_id in ids:
            asked = self._asked.pop(connection_id)
            if isinstance(found, Away):
                asked.set_exception(found)
                asked.exception()  # whoever asked may have left
            else:
                asked.set_result(found.get(connection_id))


connections = per_loop(Connections)


async def _read(ids: list[str]) -> dict[str, Known]:
    try:
        rows = await _rows(ids)
    except Away:
        # A connection to PostgreSQL that was idle for long may have been closed on its side.
        rows = await _rows(ids, fresh=True)
    return {str(row[0]): Known(row[0], row[1], row[2], _secrets(row[0], row[3:])) for row in rows}


async def _rows(ids: list[str], *, fresh: bool = False) -> list[tuple]:
    try:
        async with lines().line(fresh=fresh) as line:
            return await (await line.execute(_READ, [[UUID(text) for text in ids]])).fetchall()
    except psycopg.Error as error:
        raise Away(type(error).__name__) from error


def _secrets(connection_id: UUID, stored: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(cipher().decrypt(secret.encode()).decode() for secret in stored if secret)
    except InvalidToken:
        # Its platform is refused and tries again, which is right until the key is there.
        logger.error(
            "the secrets of connection %s were written with another FIELD_ENCRYPTION_KEY", connection_id
        )
        return ()
