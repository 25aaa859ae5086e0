"""What came to a connection's address without proof: counted in memory, written once a second at most."""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from agents.lookup import per_loop
from base.ids import uuid7
from webhooks.connections import Known
from webhooks.lines import Away, lines
from webhooks.models import Unproven

logger = logging.getLogger(__name__)

EVERY_S = 1.0
MOST_CONNECTIONS = (
    1_000  # remembered at once; of one more, an attempt is refused all the same, and not counted
)

_WRITE = """
INSERT INTO webhooks_unproven AS u (id, created_at, workspace_id, connection_id, count, last_at, recent)
SELECT %(id)s, now(), %(workspace)s, id, %(count)s, %(at)s, %(recent)s
FROM platforms_connection WHERE id = %(connection)s  -- which may have been deleted meanwhile
ON CONFLICT (connection_id) DO UPDATE SET
  count = u.count + EXCLUDED.count,
  last_at = greatest(u.last_at, EXCLUDED.last_at),
  recent = (
    SELECT jsonb_agg(attempt ORDER BY place)
    FROM jsonb_array_elements(EXCLUDED.recent || u.recent) WITH ORDINALITY AS a(attempt, place)
    WHERE place <= %(kept)s)
"""


@dataclass(slots=True)
class _Tally:
    workspace_id: UUID
    at: datetime
    count: int = 0
    recent: deque[dict] = field(default_factory=lambda: deque(maxlen=Unproven.KEPT))  # newest first


class Attempts:
    """One per event loop."""

    def __init__(self) -> None:
        self._tallies: dict[UUID, _Tally] = {}
        self._writer: asyncio.Task[None] | None = None

    def note(self, known: Known, reason: str, trace_id: str, headers: dict[str, str]) -> None:
        """An attempt at `known`'s address; `headers` as they may be kept."""
        now = datetime.now(UTC)
        tally = self._tallies.get(known.id)
        if tally is None:
            if len(self._tallies) >= MOST_CONNECTIONS:
                return
            tally = self._tallies[known.id] = _Tally(known.workspace_id, now)
        tally.count += 1
        tally.at = now
        tally.recent.appendleft(
            {"at": now.isoformat(), "reason": reason, "trace_id": trace_id, "headers": headers}
        )
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_soon(), name="unproven webhooks")

    def __len__(self) -> int:
        """Of how many connections something is to be written."""
        return len(self._tallies)

    async def close(self) -> None:
        if self._writer:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        await self._write()

    async def _write_soon(self) -> None:
        try:
            while self._tallies:
                await asyncio.sleep(EVERY_S)
                await self._write()
        finally:
            self._writer = None

    async def _write(self) -> None:
        """Write what is remembered; what cannot be written now is remembered until it can."""
        for connection_id, tally in list(self._tallies.items()):
            values = {
                "id": uuid7(),
                "workspace": tally.workspace_id,
                "connection": connection_id,
                "count": tally.count,
                "at": tally.at,
                "recent": Jsonb(list(tally.recent)),
                "kept": Unproven.KEPT,
            }
            del self._tallies[connection_id]
            try:
                async with lines().line() as line:
                    await line.execute(_WRITE, values)
            except (Away, psycopg.Error) as error:
                logger.warning("unproven webhooks cannot be noted: %s", type(error).__name__)
                self._remember(connection_id, tally)
                return
            logger.info("connection %s: %d unproven webhooks", connection_id, tally.count)

    def _remember(self, connection_id: UUID, tally: _Tally) -> None:
        """Put it back, behind what has come meanwhile."""
        newer = self._tallies.setdefault(connection_id, _Tally(tally.workspace_id, tally.at))
        newer.count += tally.count
        newer.recent.extend(list(tally.recent)[: Unproven.KEPT - len(newer.recent)])


unproven = per_loop(Attempts)


async def close() -> None:
    await unproven().close()
