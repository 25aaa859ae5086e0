"""Deliveries that arrived together, kept with one statement: each is new, known, or cannot be kept.

What becomes of one does not depend on the others: if PostgreSQL refuses the statement because of a row, the
rows are halved until it is found.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from time import monotonic
from typing import Literal
from uuid import UUID

import psycopg

from agents.lookup import per_loop
from webhooks import packing
from webhooks.lines import Away, lines
from webhooks.packing import Packed

logger = logging.getLogger(__name__)

TRIES = 4
HELD_S = 1.0
FRESH_WITHIN_S = 1.0  # whoever was kept waiting for longer has been answered by now

Kept = Literal["accepted", "duplicate"]


class Overloaded(Exception):
    """It could not be kept in time. Should it have been after all, its sender's next try is a duplicate."""


class Gone(Exception):
    """Its connection has been deleted."""


@dataclass(eq=False, slots=True)
class Arrival:
    """A proven delivery, as it is to be kept."""

    id: UUID
    workspace_id: UUID
    connection_id: UUID
    platform: str
    kind: str
    platform_call_id: str
    digest: bytes  # SHA-256 of the body
    body: bytes
    headers: bytes  # a JSON object
    signed_at: datetime | None
    trace_id: str
    status: str
    error: str = ""

    key: bytes = field(init=False)  # what makes it the same delivery, in PostgreSQL's order

    def __post_init__(self) -> None:
        self.key = self.connection_id.bytes + self.digest


@dataclass(eq=False, slots=True)
class _Row:
    first: Arrival
    repeats: int = 0  # how often the same came again within the batch


# Whether a row is new is told by its id: of one that was there before, that one's comes back. So the same may
# be sent again when nobody knows whether it arrived: each row then meets itself, and nothing is counted. Rows
# come in the order of their key, as in every statement that locks them: no two of them wait for each other.
_INSERT = """
INSERT INTO webhooks_delivery AS d (
  id, workspace_id, connection_id, platform, kind, platform_call_id, digest, body,
  headers, signed_at, trace_id, status, error, repeats,
  size, created_at, applied_at, repeated_at, attempts, replays)
SELECT given.*, length(given.body), now(), CASE WHEN given.status <> 'pending' THEN now() END,
  CASE WHEN given.repeats > 0 THEN now() END, 0, 0
FROM set_config('lock_timeout', '300ms', true),
  unnest(%b::uuid[], %b::uuid[], %b::uuid[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[],
    %b::jsonb[], %b::timestamptz[], %b::text[], %b::text[], %b::text[], %b::int[])
  AS given(id, workspace_id, connection_id, platform, kind, platform_call_id, digest, body,
    headers, signed_at, trace_id, status, error, repeats)
ON CONFLICT (connection_id, digest) {conflict}
RETURNING uuid_send(d.id)
"""
_COUNTING = _INSERT.format(
    conflict="""DO UPDATE SET repeated_at = now(),
  repeats = d.repeats + CASE WHEN d.id = EXCLUDED.id THEN 0 ELSE EXCLUDED.repeats + 1 END"""
)
# For when somebody holds on to a row that is there: this does not wait for them, and does not count.
_LEAVING = _INSERT.format(conflict="DO NOTHING")

# Connections somebody holds on to, and until when we do not try again: others' rows must not wait for that.
_held: Callable[[], dict[UUID, float]] = per_loop(dict)

# Two transactions were in each other's way, and one was told to begin again.
_IN_THE_WAY = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
# It is about the database, not about a row: none of them can be kept now.
_TROUBLE = (Away, psycopg.OperationalError, psycopg.InternalError, psycopg.ProgrammingError)


async def keep(arrivals: Sequence[Arrival]) -> list[Kept | Exception]:
    """What becomes of each: "accepted", "duplicate", Overloaded, Gone, or what PostgreSQL says against it."""
    rows: dict[bytes, _Row] = {}
    for arrival in arrivals:
        row = rows.get(arrival.key)
        if row:
            row.repeats += 1
        else:
            rows[arrival.key] = _Row(arrival)
    held = _still_held()
    free = [rows[key] for key in sorted(rows) if rows[key].first.connection_id not in held]
    became = await _keep(free) if free else {}
    told: list[Kept | Exception] = []
    for arrival in arrivals:
        first = rows[arrival.key].first
        outcome = became.get(arrival.key) or Overloaded()
        told.append("duplicate" if outcome == "accepted" and arrival is not first else outcome)
    return told


def _still_held() -> Container[UUID]:
    held = _held()
    for connection_id in [each for each, until in held.items() if until <= monotonic()]:
        del held[connection_id]
    return held


async def _keep(rows: list[_Row], statement: str = _COUNTING) -> dict[bytes, Kept | Exception]:
    try:
        new = await _insert(statement, rows)
    except psycopg.errors.LockNotAvailable:
        if statement == _COUNTING:
            return await _keep(rows, _LEAVING)
        return await _keep_by_connection(rows)
    except _TROUBLE as trouble:
        state = getattr(trouble, "sqlstate", None) or trouble
        logger.warning("%d webhooks cannot be kept: %s %s", len(rows), type(trouble).__name__, state)
        return {row.first.key: Overloaded() for row in rows}
    except Exception as error:
        if len(rows) > 1:
            return await _keep_halves(rows, statement)
        gone = isinstance(error, psycopg.errors.ForeignKeyViolation)
        return {rows[0].first.key: Gone() if gone else error}
    return {row.first.key: "accepted" if row.first.id.bytes in new else "duplicate" for row in rows}


async def _keep_by_connection(rows: list[_Row]) -> dict[bytes, Kept | Exception]:
    """Somebody holds on to a connection (it is being deleted), or to a row that is not there yet."""
    by_connection = [list(rows) for _, rows in groupby(rows, lambda row: row.first.connection_id)]
    if len(by_connection) > 1:
        became: dict[bytes, Kept | Exception] = {}
        for rows_of_one in by_connection:
            became |= await _keep(rows_of_one, _LEAVING)
        return became
    _held()[rows[0].first.connection_id] = monotonic() + HELD_S
    return {row.first.key: Overloaded() for row in rows}


async def _keep_halves(rows: list[_Row], statement: str) -> dict[bytes, Kept | Exception]:
    half = len(rows) // 2
    return await _keep(rows[:half], statement) | await _keep(rows[half:], statement)


async def _insert(statement: str, rows: Sequence[_Row]) -> set[bytes]:
    """The ids of those that are new. Tried again where trying again is what cures it."""
    values = _values(rows)
    fresh, began = False, monotonic()
    for tries_left in reversed(range(TRIES)):
        try:
            async with lines().line(fresh=fresh) as line:
                cursor = await line.execute(statement, values, binary=True)
                return {row[0] for row in await cursor.fetchall()}
        except _IN_THE_WAY:
            if not tries_left:
                raise
            await asyncio.sleep(random.uniform(0, 0.02))  # noqa: S311
        except Away:
            # The server may have been started again since the connection was last used.
            if fresh or not tries_left or monotonic() > began + FRESH_WITHIN_S:
                raise
            fresh = True
    raise AssertionError("the last try returns or raises")


def _values(rows: Sequence[_Row]) -> list[Packed]:
    firsts = [row.first for row in rows]
    return [
        packing.uuids([arrival.id.bytes for arrival in firsts]),
        packing.uuids([arrival.workspace_id.bytes for arrival in firsts]),
        packing.uuids([arrival.connection_id.bytes for arrival in firsts]),
        packing.texts(arrival.platform for arrival in firsts),
        packing.texts(arrival.kind for arrival in firsts),
        packing.texts(arrival.platform_call_id for arrival in firsts),
        packing.texts(arrival.digest.hex() for arrival in firsts),
        packing.blobs([arrival.body for arrival in firsts]),
        packing.jsons(arrival.headers for arrival in firsts),
        packing.times(arrival.signed_at for arrival in firsts),
        packing.texts(arrival.trace_id for arrival in firsts),
        packing.texts(arrival.status for arrival in firsts),
        packing.texts(arrival.error for arrival in firsts),
        packing.integers(row.repeats for row in rows),
    ]
