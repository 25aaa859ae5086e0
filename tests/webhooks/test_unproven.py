"""What came without proof is counted and its headers shown; its body is nowhere."""

import asyncio

import pytest
from django.db import connection as database

from base.ids import uuid7
from platforms.models import Connection
from tests.webhooks.posting import close, post, posted
from webhooks.connections import Known
from webhooks.models import Delivery, Unproven
from webhooks.unproven import MOST_CONNECTIONS, unproven

pytestmark = pytest.mark.django_db(transaction=True)
FORGED = {"secret": "not ours"}


def test_an_attempt_is_counted_with_its_headers_and_without_its_body(connection):
    [answer] = posted(
        connection, b"my words", headers=[(b"cookie", b"abc"), (b"user-agent", b"curl")], **FORGED
    )

    row = Unproven.objects.get()
    assert (row.connection, row.workspace_id, row.count) == (connection, connection.workspace_id, 1)
    [attempt] = row.recent
    assert attempt["reason"] == "the signature does not match"
    assert attempt["trace_id"] == answer.headers[b"x-trace-id"].decode()
    assert attempt["headers"]["user-agent"] == "curl"
    assert attempt["headers"]["cookie"] == "[not kept]"
    assert "my words" not in str(row.recent)
    assert not Delivery.objects.exists()


def test_the_last_twenty_are_shown_newest_first_and_all_are_counted(connection):
    first = posted(connection, *(b"%d" % number for number in range(15)), **FORGED)
    second = posted(connection, *(b"%d" % number for number in range(15)), **FORGED)

    row = Unproven.objects.get()
    assert row.count == 30
    newest_first = [answer.headers[b"x-trace-id"].decode() for answer in reversed([*first, *second])]
    assert [attempt["trace_id"] for attempt in row.recent] == newest_first[:20]
    assert row.last_at.isoformat() == row.recent[0]["at"]


def test_it_is_written_by_itself_within_moments(connection):
    async def main() -> None:
        try:
            for number in range(3):
                await post(connection, b"%d" % number, **FORGED)
            async with asyncio.timeout(10):
                while not await Unproven.objects.aexists():  # noqa: ASYNC110 - nobody tells us
                    await asyncio.sleep(0.1)
        finally:
            await close()

    asyncio.run(main())
    assert Unproven.objects.get().count == 3


def test_while_postgresql_is_away_it_is_remembered_and_bounded(connection, monkeypatch):
    known = Known(connection.pk, connection.workspace_id, "retell", ())

    async def main() -> None:
        with monkeypatch.context() as away:
            away.setitem(database.settings_dict, "HOST", "/nowhere")
            for _ in range(30):
                unproven().note(known, "forged", "a" * 32, {})
            await unproven().close()
        for _ in range(5):
            unproven().note(known, "forged", "b" * 32, {})
        await close()

    asyncio.run(main())
    row = Unproven.objects.get()
    assert row.count == 35
    assert [attempt["trace_id"][0] for attempt in row.recent] == ["b"] * 5 + ["a"] * 15


def test_only_so_many_connections_are_remembered_at_once(connection):
    async def main() -> int:
        attempts = unproven()
        for _ in range(MOST_CONNECTIONS + 10):
            attempts.note(Known(uuid7(), connection.workspace_id, "retell", ()), "forged", "", {})
        remembered = len(attempts)
        await close()
        return remembered

    assert asyncio.run(main()) == MOST_CONNECTIONS


def test_a_connection_that_was_deleted_meanwhile_is_passed_over(connection):
    other = Connection.objects.create(workspace=connection.workspace, platform="retell", name="Gone")
    gone = Known(other.pk, other.workspace_id, "retell", ())
    other.delete()

    async def main() -> None:
        unproven().note(gone, "forged", "", {})
        unproven().note(Known(connection.pk, connection.workspace_id, "retell", ()), "forged", "", {})
        await close()

    asyncio.run(main())
    assert Unproven.objects.get().connection == connection
