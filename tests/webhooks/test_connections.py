"""What the receiver knows of connections: as it is, or as it was a few seconds ago."""

import asyncio
import time

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from base.fields import cipher
from base.ids import uuid7
from platforms.models import Connection
from tests.webhooks.posting import close
from tests.webhooks.test_intake import elsewhere
from webhooks.connections import KEPT_S, MOST_ASKED, MOST_KEPT, UNKNOWN_KEPT_S, connections
from webhooks.lines import Away

pytestmark = pytest.mark.django_db(transaction=True)


def running(main):
    async def to_the_end():
        try:
            return await main()
        finally:
            await close()

    return asyncio.run(to_the_end())


def test_it_knows_whose_a_connection_is_and_what_proves_it(connection):
    Connection.objects.update(previous_webhook_secret="last year's")

    known = running(lambda: connections().get(str(connection.pk)))

    assert (known.id, known.workspace_id, known.platform) == (
        connection.pk,
        connection.workspace_id,
        "retell",
    )
    assert known.secrets == ("key_larkfield", "last year's")


@pytest.mark.parametrize("text", ["", "x", "0" * 32, "{01890000-0000-7000-8000-000000000000}", "\x00" * 36])
def test_what_is_no_id_is_no_connection(connection, text):
    assert running(lambda: connections().get(text)) is None


def test_a_changed_secret_and_a_deleted_connection_are_seen_within_five_seconds(connection):
    async def main() -> None:
        known = await connections().get(str(connection.pk))
        await Connection.objects.filter(pk=connection.pk).aupdate(webhook_secret="another")
        assert await connections().get(str(connection.pk)) is known
        began = time.monotonic()
        while (known := await connections().get(str(connection.pk))).secrets != ("another",):
            assert time.monotonic() - began < 5
            await asyncio.sleep(0.1)

    assert KEPT_S < 5
    running(main)


def test_one_that_was_made_a_moment_ago_is_found_a_moment_later(connection):
    async def main() -> None:
        new = Connection(workspace_id=connection.workspace_id, platform="retell", name="New")
        assert await connections().get(str(new.pk)) is None
        await new.asave()
        assert await connections().get(str(new.pk)) is None  # remembered
        await asyncio.sleep(UNKNOWN_KEPT_S)
        assert (await connections().get(str(new.pk))).id == new.pk

    running(main)


def test_guessing_fills_nothing(connection):
    async def main() -> tuple[int, list]:
        known = await connections().get(str(connection.pk))
        for _ in range(MOST_KEPT // 200 + 1):
            await asyncio.gather(*(connections().get(str(uuid7())) for _ in range(200)))
        told = await asyncio.gather(
            *(connections().get(str(uuid7())) for _ in range(MOST_ASKED + 50)), return_exceptions=True
        )
        assert await connections().get(str(connection.pk)) == known
        return len(connections()), told

    remembered, told = running(main)

    assert remembered <= MOST_KEPT + 1
    assert [type(each) for each in told[MOST_ASKED:]] == [Away] * 50
    assert {type(each) for each in told} <= {type(None), Away}  # on a busy machine, more of them


def test_while_postgresql_is_away_what_is_known_is_known_and_the_rest_is_not_denied(connection, monkeypatch):
    other = Connection.objects.create(workspace=connection.workspace, platform="retell", name="Other")

    async def main() -> None:
        known = await connections().get(str(connection.pk))
        await close()
        with monkeypatch.context() as away:
            away.setitem(database.settings_dict, "HOST", "/nowhere")
            assert await connections().get(str(connection.pk)) is known
            with pytest.raises(Away):
                await connections().get(str(other.pk))
        assert (await connections().get(str(other.pk))).id == other.pk

    running(main)


def test_an_idle_line_that_was_closed_on_the_other_side_is_replaced(connection):
    other = Connection.objects.create(workspace=connection.workspace, platform="retell", name="Other")

    async def main() -> None:
        await connections().get(str(connection.pk))
        with elsewhere() as administrator:
            administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE '%%FROM platforms_connection WHERE id = ANY%%' AND state = 'idle'"
                " AND pid <> pg_backend_pid() AND datname = current_database()"
            )
        assert (await connections().get(str(other.pk))).id == other.pk

    running(main)


def test_secrets_of_another_key_prove_nothing(connection):
    with database.cursor() as cursor:
        cursor.execute("UPDATE platforms_connection SET webhook_secret = 'gAAAAABnot-ours'")

    assert running(lambda: connections().get(str(connection.pk))).secrets == ()


def test_one_that_cannot_be_read_leaves_nobody_waiting(connection):
    other = Connection.objects.create(workspace=connection.workspace, platform="retell", name="Other")
    no_text = cipher().encrypt(b"\xff").decode()
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE platforms_connection SET webhook_secret = %s WHERE id = %s", [no_text, other.pk]
        )

    async def main() -> None:
        with pytest.raises(Away):
            await connections().get(str(other.pk))
        assert (await connections().get(str(connection.pk))).id == connection.pk

    running(main)


def test_it_uses_none_of_djangos_connections(connection):
    with CaptureQueriesContext(database) as captured:
        running(lambda: connections().get(str(connection.pk)))

    assert len(captured) == 0
