"""What shares a statement: each delivery is kept or not on its own account, in time or not at all."""

import asyncio
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection as database

from base.ids import uuid7
from platforms.models import Connection
from platforms.services import delete as delete_connection
from tests.webhooks.posting import running
from tests.webhooks.waiting import wait_until_waited_for
from webhooks.batch import HELD_S, Arrival, Gone, Overloaded
from webhooks.intake import FIRST_ROWS, MOST_WAITING, WITHDRAWN_AFTER_S, intake
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)


def arrival(connection: Connection, body: bytes, **fields) -> Arrival:
    return Arrival(
        **{
            "id": uuid7(),
            "workspace_id": connection.workspace_id,
            "connection_id": connection.pk,
            "platform": "retell",
            "kind": "call_started",
            "platform_call_id": "call_1",
            "digest": hashlib.sha256(body).digest(),
            "body": body,
            "headers": b"{}",
            "signed_at": None,
            "trace_id": "a" * 32,
            "status": "pending",
            **fields,
        }
    )


def became(*arrivals: Arrival) -> list:
    """What becomes of those that are put in the same moment; errors as their class."""

    async def put(each: Arrival) -> object:
        try:
            return await intake().put(each)
        except Exception as error:
            return type(error)

    return running(lambda: [put(each) for each in arrivals], together=True)


@contextmanager
def elsewhere() -> Iterator[psycopg.Connection]:
    """Another transaction of somebody else's, undone at the end."""
    params = database.get_connection_params()
    keep = {name: value for name, value in params.items() if name not in ("context", "cursor_factory")}
    with psycopg.connect(**keep) as other:
        yield other
        other.rollback()


# --- A batch -------------------------------------------------------------------------------------------


def test_those_that_come_together_are_kept_with_one_statement(connection):
    arrivals = [arrival(connection, b"%d" % number) for number in range(FIRST_ROWS)]

    assert became(*arrivals) == ["accepted"] * FIRST_ROWS
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT xmin::text) FROM webhooks_delivery")
        assert cursor.fetchone() == (FIRST_ROWS, 1)


def test_repeats_within_a_batch_and_of_an_earlier_one_are_counted(connection):
    assert became(*(arrival(connection, b"same") for _ in range(3))) == ["accepted", "duplicate", "duplicate"]
    assert became(*(arrival(connection, b"same") for _ in range(2))) == ["duplicate", "duplicate"]
    row = Delivery.objects.get()
    assert (row.repeats, row.repeated_at >= row.created_at) == (4, True)


def test_a_statement_that_was_sent_twice_counts_nothing(connection):
    """As when the connection broke before the answer: nobody knows whether it was done."""
    one = arrival(connection, b"one")

    assert became(one) == ["accepted"]
    assert became(one) == ["accepted"]
    assert Delivery.objects.get().repeats == 0


def test_the_same_body_at_two_connections_is_two_deliveries(connection):
    other = Connection.objects.create(workspace=connection.workspace, platform="retell", name="Other")

    assert became(arrival(connection, b"same"), arrival(other, b"same")) == ["accepted", "accepted"]


def test_a_row_that_is_refused_leaves_its_neighbours_alone(connection):
    deleted = Connection.objects.create(workspace=connection.workspace, platform="retell", name="Gone")
    bad = {
        7: arrival(deleted, b"of a connection that is gone"),
        40: arrival(connection, b"nul", kind="a\x00b"),
        41: arrival(connection, b"surrogate", kind="\ud800"),
        90: arrival(connection, b"long", kind="x" * 61),
    }
    deleted.delete()
    arrivals = [bad.get(number) or arrival(connection, b"%d" % number) for number in range(100)]

    told = became(*arrivals)

    assert [told[number] for number in (7, 41)] == [Gone, UnicodeEncodeError]
    assert issubclass(told[40], psycopg.DataError)
    assert issubclass(told[90], psycopg.DataError)
    assert [each for number, each in enumerate(told) if number not in bad] == ["accepted"] * 96
    assert Delivery.objects.count() == 96


# --- Others at the same rows ---------------------------------------------------------------------------


def test_a_row_somebody_works_on_is_a_duplicate_and_holds_nobody_up(connection):
    became(arrival(connection, b"held"))
    with elsewhere() as other:
        other.execute("SELECT 1 FROM webhooks_delivery FOR UPDATE")
        began = time.monotonic()
        told = became(arrival(connection, b"held"), arrival(connection, b"new"))

        assert told == ["duplicate", "accepted"]
        assert time.monotonic() - began < WITHDRAWN_AFTER_S


def test_two_that_insert_the_same_in_opposite_order_both_end(connection):
    """The other transaction would deadlock with ours if ours waited for it."""
    first, second = sorted([arrival(connection, b"1"), arrival(connection, b"2")], key=lambda each: each.key)
    insert = """INSERT INTO webhooks_delivery (id, created_at, workspace_id, connection_id, platform, kind,
        platform_call_id, digest, size, headers, trace_id, status, error, repeats, attempts, replays)
        SELECT gen_random_uuid(), now(), %s, %s, 'retell', '', '', %s, 0, '{}', '', 'pending', '', 0, 0, 0"""
    with elsewhere() as other:
        ours = (connection.workspace_id, connection.pk)
        other.execute(insert, [*ours, second.digest.hex()])
        told: list = []
        thread = threading.Thread(target=lambda: told.extend(became(first, second)))
        thread.start()
        other.execute(insert + " ON CONFLICT DO NOTHING", [*ours, first.digest.hex()])
        thread.join(10)

    # The second may be kept by the other or not at all: only its sender's next try can tell.
    assert told in (["accepted", Overloaded], ["accepted", "accepted"], [Overloaded, Overloaded])
    assert Delivery.objects.count() == told.count("accepted")


def test_a_connection_somebody_holds_on_to_holds_up_no_other(connection):
    """As while it is being deleted: what comes to it is told to try again, and nobody else notices much."""
    other = Connection.objects.create(workspace=connection.workspace, platform="retell", name="Other")

    async def put(each: Arrival) -> object:
        began = time.monotonic()
        try:
            told: object = await intake().put(each)
        except Overloaded:
            told = Overloaded
        return told, time.monotonic() - began

    async def main() -> None:
        with elsewhere() as holder:
            holder.execute("SELECT 1 FROM platforms_connection WHERE id = %s FOR UPDATE", [connection.pk])
            for round_ in range(3):
                theirs = [put(arrival(connection, b"%d %d" % (round_, number))) for number in range(40)]
                ours = [put(arrival(other, b"%d %d" % (round_, number))) for number in range(5)]
                told = await asyncio.gather(*theirs, *ours)
                assert [each for each, _ in told] == [Overloaded] * 40 + ["accepted"] * 5
                assert max(seconds for _, seconds in told) < WITHDRAWN_AFTER_S
                if round_ == 1:
                    # It was found out in the first round, and is not tried again at once.
                    assert max(seconds for _, seconds in told) < 0.6
                    await asyncio.sleep(HELD_S)
        await asyncio.sleep(HELD_S)
        assert (await put(arrival(connection, b"free again")))[0] == "accepted"

    running(lambda: [main()])


def test_nothing_is_kept_for_a_connection_that_is_being_deleted(connection):
    became(arrival(connection, b"first"))
    arrivals = [arrival(connection, b"%d" % number) for number in range(3)]

    def delete() -> None:
        delete_connection(connection, by=None)
        database.close()

    deleting = threading.Thread(target=delete, daemon=True)
    with elsewhere() as holder:
        holder.execute("SELECT 1 FROM webhooks_delivery FOR UPDATE")
        deleting.start()
        wait_until_waited_for(holder)
        told = became(*arrivals)
    deleting.join(10)

    assert told == [Overloaded] * 3
    assert not Connection.objects.exists()
    assert became(*arrivals) == [Gone] * 3


# --- Slow or away --------------------------------------------------------------------------------------


def test_what_was_not_handed_over_in_time_is_withdrawn_and_what_was_is_found_later(connection):
    """Everybody is answered within 3 s, and nothing that was accepted is lost."""
    arrivals = [arrival(connection, b"%d" % number) for number in range(700)]

    async def put(each: Arrival) -> object:
        began = time.monotonic()
        try:
            told: object = await intake().put(each)
        except Overloaded:
            told = Overloaded
        return told, time.monotonic() - began

    async def main() -> tuple[list, list]:
        with elsewhere() as other:
            other.execute("LOCK TABLE webhooks_delivery IN SHARE ROW EXCLUSIVE MODE")
            first = await asyncio.gather(*(put(each) for each in arrivals))
        return first, await asyncio.gather(*(put(each) for each in arrivals))

    [(first, second)] = running(lambda: [main()])

    assert {told for told, _ in first} == {Overloaded}
    assert max(seconds for _, seconds in first) < 3
    assert {told for told, _ in second} == {"accepted"}
    assert Delivery.objects.count() == 700


def test_there_is_room_for_so_many_and_no_more(connection):
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with elsewhere() as other:
            other.execute("LOCK TABLE webhooks_delivery IN SHARE ROW EXCLUSIVE MODE")
            waiting = [intake().put(arrival(connection, b"%d" % number)) for number in range(MOST_WAITING)]
            with pytest.raises(Overloaded):
                intake().put(arrival(connection, b"one too many"))
            began = loop.time()
            told = await asyncio.gather(*waiting, return_exceptions=True)
            assert {type(each) for each in told} == {Overloaded}
            assert loop.time() - began < 3
        assert await intake().put(arrival(connection, b"there is room again")) == "accepted"

    running(lambda: [main()])


def test_a_broken_connection_is_replaced_and_nobody_notices(connection):
    async def main() -> list:
        told = [await intake().put(arrival(connection, b"before"))]
        with elsewhere() as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE '%%INSERT INTO webhooks_delivery%%' AND pid <> pg_backend_pid()"
                " AND datname = current_database()"
            )
        return [*told, await intake().put(arrival(connection, b"after"))]

    assert running(lambda: [main()]) == [["accepted", "accepted"]]


def test_while_postgresql_is_away_it_says_so_at_once_and_is_back_with_it(connection, monkeypatch):
    async def main() -> list:
        told = []
        with monkeypatch.context() as away:
            away.setitem(database.settings_dict, "HOST", "/nowhere")
            try:
                await intake().put(arrival(connection, b"one"))
            except Overloaded:
                told.append("overloaded")
        return [*told, await intake().put(arrival(connection, b"one"))]

    began = time.monotonic()
    assert running(lambda: [main()]) == [["overloaded", "accepted"]]
    assert time.monotonic() - began < 3


def test_one_that_comes_while_the_writers_leave_is_written(connection):
    async def main() -> list:
        told = []
        for number in range(200):
            told.append(await asyncio.wait_for(intake().put(arrival(connection, b"%d" % number)), 10))
        return told

    assert running(lambda: [main()]) == [["accepted"] * 200]


def test_closing_waits_for_what_waits(connection):
    async def main() -> list:
        waiting = [intake().put(arrival(connection, b"%d" % number)) for number in range(5)]
        await intake().close()
        assert all(each.done() for each in waiting)
        return [each.result() for each in waiting]

    assert running(lambda: [main()]) == [["accepted"] * 5]
