"""No attempt at a model is forgotten."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async
from django.db import InterfaceError, connection

from accounts.models import Workspace
from agents.llm.ledger import Ledger
from agents.models import ModelCall
from base.ids import uuid7


@pytest.fixture
def workspace(transactional_db) -> Workspace:
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def rows_of(workspace):
    def make(count: int, **fields) -> list[ModelCall]:
        return [
            ModelCall(workspace=workspace, feature="voice", provider="p", model=f"m{n}", **fields)
            for n in range(count)
        ]

    return make


@pytest.fixture
def stored(dropped_connections):
    async def models() -> list[str]:
        return [row.model async for row in ModelCall.objects.order_by("id")]

    return models


async def test_it_stores_everything_in_order(rows_of, stored):
    ledger = Ledger()
    for row in rows_of(450):
        ledger.add(row)

    await ledger.drain()

    assert await stored() == [f"m{n}" for n in range(450)]


async def test_it_has_nothing_to_do_when_there_is_nothing():
    await Ledger().drain()


async def test_one_bad_row_does_not_take_the_others_along(rows_of, stored, caplog):
    ledger = Ledger()
    orphan, *others = rows_of(3)
    orphan.agent_id = uuid7()
    for row in [orphan, *others]:
        ledger.add(row)

    await ledger.drain()

    assert await stored() == ["m1", "m2"]
    [record] = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert "its agent or workspace is gone" in record.getMessage()
    assert '"model": "m0"' in record.getMessage()


async def test_rows_that_do_not_fit_do_not_keep_the_others_waiting(rows_of, stored, caplog):
    ledger = Ledger()
    rows = rows_of(6)
    rows[0].error_code = "a\x00b"
    rows[1].error_code = "\ud800"
    rows[2].request_id = "x" * 121
    rows[3].tokens_in = 2**40
    rows[4].cost_usd = Decimal(10) ** 30
    for row in rows:
        ledger.add(row)

    await ledger.drain()

    assert await stored() == ["m5"]
    errors = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert ["the database does not take it" in message for message in errors] == [True] * 5
    assert "wait for the database" not in caplog.text


async def test_what_cannot_be_measured_is_stored_all_the_same(rows_of, stored):
    ledger = Ledger()
    [row] = rows_of(1, duration_ms="900")
    with pytest.raises(TypeError):
        ledger.add(row)

    await ledger.drain()

    assert await stored() == ["m0"]


async def test_what_finds_no_room_goes_to_the_log(rows_of, stored, caplog):
    ledger = Ledger(room=2)
    for row in rows_of(3):
        ledger.add(row)

    await ledger.drain()

    assert await stored() == ["m0", "m1"]
    [record] = [one for one in caplog.records if one.levelno == logging.ERROR]
    kept = json.loads(record.getMessage().split(": ", 1)[1])
    assert (kept["model"], kept["feature"], kept["attempt"]) == ("m2", "voice", 1)


@sync_to_async
def rename(before: str, after: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {before} RENAME TO {after}")


@pytest.fixture
async def no_table(transactional_db, dropped_connections) -> AsyncIterator[Callable]:
    """PostgreSQL takes no rows; `await no_table()` ends that."""
    away = True

    async def come_back() -> None:
        nonlocal away
        away = False
        await rename("elsewhere", "agents_modelcall")

    await rename("agents_modelcall", "elsewhere")
    yield come_back
    if away:
        await come_back()


async def test_rows_wait_while_the_database_takes_none(no_table, rows_of, stored, caplog):
    ledger = Ledger()
    for row in rows_of(2):
        ledger.add(row)
    draining = asyncio.create_task(ledger.drain(10))
    async with asyncio.timeout(5):
        while "wait for the database (2 rows)" not in caplog.text:  # noqa: ASYNC110  logs ring no bell
            await asyncio.sleep(0.01)

    await no_table()
    await draining

    assert await stored() == ["m0", "m1"]


async def test_what_cannot_be_stored_in_time_goes_to_the_log(no_table, rows_of, stored, caplog):
    ledger = Ledger()
    for row in rows_of(2):
        ledger.add(row)

    await ledger.drain(seconds=0.3)

    errors = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert ["did not take it in time" in message for message in errors] == [True, True]
    await no_table()
    assert await stored() == []


class Unsendable:
    """A value over which the connection to the database breaks."""

    def resolve_expression(self, *args, **kwargs):
        raise InterfaceError("connection already closed")


async def test_rows_outlive_a_broken_connection(rows_of, stored, caplog):
    ledger = Ledger()
    [row] = rows_of(1)
    row.feature = Unsendable()
    ledger.add(row)
    draining = asyncio.create_task(ledger.drain(10))
    async with asyncio.timeout(5):
        while "wait for the database (1 rows)" not in caplog.text:  # noqa: ASYNC110  logs ring no bell
            await asyncio.sleep(0.01)

    row.feature = "voice"
    await draining

    assert await stored() == ["m0"]
