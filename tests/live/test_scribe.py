import asyncio
import select
from datetime import UTC, datetime

from django.db import DataError, OperationalError, connection, transaction

from live.locks import set_for_now
from live.scribe import Scribe
from platforms.events import CallStarted

EVENT = CallStarted(datetime(2026, 11, 21, tzinfo=UTC))


async def test_facts_are_written_in_order_and_shown_afterwards():
    happened = []
    scribe = Scribe("call", lambda events, source: happened.append(("written", source)) or source)
    scribe.write([EVENT], "one", lambda recorded: happened.append(("shown", recorded)))
    scribe.write([EVENT], "two", lambda recorded: happened.append(("shown", recorded)))

    assert await scribe.finished(2)
    assert happened == [("written", "one"), ("shown", "one"), ("written", "two"), ("shown", "two")]


async def test_a_database_that_is_away_is_waited_for():
    tries, shown = [], []

    def take(events, source):
        tries.append(source)
        if len(tries) < 3:
            raise OperationalError("the server closed the connection")

    scribe = Scribe("call", take)
    scribe.write([EVENT], "one", shown.append)

    assert await scribe.finished(5)
    assert (tries, shown) == (["one"] * 3, [None])


async def test_facts_of_a_transaction_that_was_held_too_long_are_written_again(transactional_db):
    """As after a machine that slept: PostgreSQL has let go of the call's row, and of us."""
    tries, shown = [], []

    def take(events, source):
        tries.append(source)
        with transaction.atomic():
            if len(tries) == 1:
                set_for_now("idle_in_transaction_session_timeout", 0.01)
                assert select.select([connection.connection], [], [], 30)[0]  # told of its end
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        connection.close()

    scribe = Scribe("call", take)
    scribe.write([EVENT], "one", shown.append)

    assert await scribe.finished(40)
    assert (tries, shown) == (["one"] * 2, [None])


async def test_facts_the_database_refuses_do_not_hold_up_the_rest(caplog):
    def take(events, source):
        if source == "bad":
            raise DataError("Failing row contains (a secret)")

    scribe, shown = Scribe("call", take), []
    scribe.write([EVENT], "bad", shown.append)
    scribe.write([EVENT], "good", shown.append)

    assert await scribe.finished(2)
    assert shown == [None]
    assert "secret" not in caplog.text


async def test_it_can_be_closed_while_it_waits(caplog):
    def take(events, source):
        raise OperationalError

    scribe = Scribe("call", take)
    scribe.write([EVENT], "one")

    assert not await scribe.finished(0.05)
    await asyncio.wait_for(scribe.close(), 2)
    assert "1 facts lost" in caplog.text
