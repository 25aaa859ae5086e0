"""Writes down every attempt at a model, off the path of the answer.

Rows wait in memory and go to the database in batches, from a thread. None is lost silently: while the
database is away they wait; what it refuses, what finds no room any more, or is left when the process must
go, goes to the log whole. A row holds ids, names of models and counts; no words of a call, no keys.
"""

import asyncio
import json
import logging
from collections import deque

from channels.db import database_sync_to_async
from django.db import DataError, Error, IntegrityError

from agents.llm import pricing, spans
from agents.llm.events import Usage
from agents.models import LanguageModel, ModelCall
from base import meters

logger = logging.getLogger(__name__)

ATTEMPTS = meters.counter(
    "model_attempts", "Attempts at models, by how they ended.", "provider", "model", "outcome"
)

LINGER_SECONDS = 0.1  # so that attempts of the same moment are written together
BATCH = 200
ROOM = 10_000  # rows, about 20 MB
# What the driver and the database say of a value that has no place in its column, now or ever.
REFUSED = (DataError, IntegrityError, ValueError, TypeError, ArithmeticError)
PATIENCE_SECONDS = (0.2, 0.5, 1, 2, 5)  # between tries while the database is away


class Ledger:
    """One per event loop. Its task lives only while there is something to write."""

    def __init__(self, *, room: int = ROOM) -> None:
        self._room = room
        self._rows: deque[ModelCall] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    def add(self, row: ModelCall) -> None:
        if len(self._rows) >= self._room:
            log_instead(row, "there is no more room for it")
        else:
            self._rows.append(row)
            if self._writer is None or self._writer.done():
                self._writer = asyncio.create_task(self._write())
        ATTEMPTS.labels(*spans.named(row.provider, row.model), row.error_type or row.finish).inc()
        spans.attempted(row)

    async def drain(self, seconds: float = 5.0) -> None:
        """Write what there is, now. What cannot be written in time goes to the log."""
        if self._writer is None:
            return
        self._hurry.set()
        try:
            async with asyncio.timeout(seconds):
                await self._writer
        except TimeoutError:
            while self._rows:
                log_instead(self._rows.popleft(), "the database did not take it in time")
        finally:
            self._hurry.clear()

    async def _write(self) -> None:
        failures = 0
        while self._rows:
            await self._pause(LINGER_SECONDS)
            batch = [self._rows[n] for n in range(min(BATCH, len(self._rows)))]
            try:
                await store(batch)
            except Error:
                logger.warning("model calls wait for the database (%d rows)", len(self._rows), exc_info=True)
                await asyncio.sleep(PATIENCE_SECONDS[min(failures, len(PATIENCE_SECONDS) - 1)])
                failures += 1
            else:
                failures = 0
                for _ in batch:
                    self._rows.popleft()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return


def _store(rows: list[ModelCall]) -> None:
    try:
        ModelCall.objects.bulk_create(rows, ignore_conflicts=True)
    except REFUSED:
        # One of them does not fit, or its agent or workspace has been deleted since. The others are as good
        # as ever, and must not wait for it.
        for row in rows:
            _store_one(row)


def _store_one(row: ModelCall) -> None:
    try:
        ModelCall.objects.bulk_create([row], ignore_conflicts=True)
    except IntegrityError:
        log_instead(row, "its agent or workspace is gone")
    except REFUSED as error:
        log_instead(row, f"the database does not take it ({type(error).__name__})")


# Ids are made before writing, so a batch that is written again after a lost connection changes nothing.
store = database_sync_to_async(_store, thread_sensitive=False)


def store_lost(row: ModelCall, text: str) -> None:
    """Write down an attempt whose process died in the middle of `text`, unless it has been already.

    `row` says who asked whom; how it ended and what that much of an answer costs is added here. For a thread.
    """
    if ModelCall.objects.filter(pk=row.pk).exists():
        return
    models = LanguageModel.objects.for_workspace(row.workspace_id)
    asked = models.filter(provider__name=row.provider, name=row.model).first()
    used = Usage(0, 0, pricing.tokens_of(text), estimated=True)
    if asked:
        used = pricing.priced(used, pricing.Prices(asked.price_in, asked.price_out, asked.price_cached))
        row.tier = asked.tier
    row.tokens_out, row.estimated, row.cost_usd = used.tokens_out, True, used.cost_usd
    row.finish, row.error_type = "error", "interrupted"
    ATTEMPTS.labels(*spans.named(row.provider, row.model), row.error_type).inc()
    ModelCall.objects.bulk_create([row], ignore_conflicts=True)


def log_instead(row: ModelCall, why: str) -> None:
    fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    logger.error("a model call could not be stored, %s: %s", why, json.dumps(fields, default=str))
