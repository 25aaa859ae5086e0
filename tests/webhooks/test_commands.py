"""replay_webhooks and apply_stranded, as somebody at a terminal uses them."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from calls.models import Call
from platforms.models import Connection
from tests.platforms.retell.payloads import CALL, ONGOING
from tests.webhooks.told import body_of, kept
from webhooks.models import Delivery
from webhooks.services import apply_next


def run(command: str, *options: str) -> tuple[list[str], list[str]]:
    """What it printed: its lines, and its remarks."""
    out, err = StringIO(), StringIO()
    call_command(command, *options, stdout=out, stderr=err)
    return out.getvalue().splitlines(), err.getvalue().splitlines()


@pytest.fixture
def deliveries(connection) -> list[Delivery]:
    """Of the call; of another, a day later; a dead one; one that has failed; one of a number."""
    made = [
        kept(connection, body_of("call_started", call=ONGOING)),
        kept(connection, body_of("call_started", call=ONGOING | {"call_id": "call_2"})),
        kept(connection, b"{"),
        kept(connection, body_of("call_ended", call=CALL)),
        kept(connection, body_of("call_inbound", call_inbound={})),
    ]
    while apply_next():
        pass
    Delivery.objects.filter(pk=made[1].pk).update(created_at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC))
    Delivery.objects.filter(pk=made[3].pk).update(status="pending", attempts=3)
    return made


def replayed(*options: str) -> set[str]:
    """The ids that a replay with these options is about; and a dry run says the same."""
    before = list(Delivery.objects.order_by("id").values())
    dry, remarks = run("replay_webhooks", "--dry-run", *options)
    assert list(Delivery.objects.order_by("id").values()) == before
    assert "Nothing was changed." in remarks[-1]
    lines, _ = run("replay_webhooks", *options)
    assert lines == dry
    return {line.split()[0] for line in lines}


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ([], [0, 1, 2, 3, 4]),
        (["--status", "applied"], [0, 1]),
        (["--status", "dead"], [2]),
        (["--status", "failing"], [2, 3]),
        (["--status", "pending"], [3]),
        (["--status", "ignored"], [4]),
        (["--call", CALL["call_id"]], [0, 3]),
        (["--since", "2026-11-21"], [1]),
        (["--since", "2026-11-21T10:00Z"], [1]),
        (["--until", "2026-11-21T10:00:00+00:00"], [0, 2, 3, 4]),
        (["--since", "2026-11-20T10:00:00", "--until", "2026-11-20T10:00:01"], [0, 2, 3, 4]),
        (["--connection", "Larkfield at Retell", "--status", "dead"], [2]),
    ],
)
def test_it_replays_what_fits_every_option(deliveries, options, chosen):
    assert replayed(*options) == {str(deliveries[n].pk) for n in chosen}
    assert set(Delivery.objects.filter(replays=1)) == {deliveries[n] for n in chosen}
    assert not Delivery.objects.filter(replays=1).exclude(status="pending").exists()


def test_an_age_counts_from_now(deliveries):
    Delivery.objects.filter(pk=deliveries[0].pk).update(created_at=timezone.now() - timedelta(minutes=90))

    assert replayed("--since", "2h", "--until", "1h") == {str(deliveries[0].pk)}


def test_a_call_and_a_connection_may_be_given_by_id(deliveries, connection):
    call = Call.objects.get(platform_call_id="call_2")

    assert replayed("--call", str(call.pk)) == {str(deliveries[1].pk)}
    assert len(replayed("--connection", str(connection.pk))) == 5


def test_it_says_what_it_did(deliveries):
    lines, remarks = run("replay_webhooks", "--status", "applied", "--call", CALL["call_id"])

    assert lines == [f"{deliveries[0].pk} call_started {CALL['call_id']} applied"]
    assert remarks == ["1 to be applied again."]


def test_it_leaves_out_what_was_erased(deliveries):
    Delivery.objects.filter(pk=deliveries[0].pk).update(body=None)

    lines, remarks = run("replay_webhooks", "--status", "applied")
    assert len(lines) == 1
    assert remarks == ["1 to be applied again. 1 left out: their bodies have been erased."]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--status", "lost"], "--status must be one of pending, applied, ignored, dead, failing."),
        (["--since", "yesterday"], "--since must be an ISO time"),
        (["--until", "2026-13-45"], "--until must be an ISO time"),
        (["--until", "999999w"], "--until must be an ISO time"),
        (["--since", "1h", "--until", "2h"], "--since must be before --until."),
        (["--connection", "nobody"], "no such --connection"),
        (["--connection", str(uuid4())], "no such --connection"),
        (["--call", "nobody"], "about that --call"),
    ],
)
def test_a_bad_option_is_said_in_a_sentence(deliveries, options, complaint):
    with pytest.raises(CommandError, match=complaint):
        run("replay_webhooks", *options)


def test_of_two_connections_of_one_name_the_id_is_needed(connection):
    Connection.objects.create(workspace=connection.workspace, platform="retell", name=connection.name)

    with pytest.raises(CommandError, match="More than one connection"):
        run("replay_webhooks", "--connection", connection.name)


def test_what_is_stranded_is_applied_at_once(connection):
    kept(connection, body_of("call_started", call=ONGOING))
    kept(connection, body_of("call_ended", call=CALL))
    kept(connection, body_of("call_inbound", call_inbound={}))

    lines, remarks = run("apply_stranded")

    assert sorted(lines) == ["about no call: 1 ignored", f"{CALL['call_id']}: 2 applied"]
    assert remarks == ["2 applied, 1 ignored."]
    assert run("apply_stranded") == ([], ["Nothing was stranded."])


def test_what_cannot_be_applied_is_a_failure(connection):
    kept(connection, b"{")
    kept(connection, body_of("call_started", call=ONGOING))

    with pytest.raises(CommandError, match=r"1 applied, 1 given up\. /webhooks/ says why\."):
        run("apply_stranded")


def test_it_leaves_alone_what_somebody_else_is_at(connection):
    delivery = kept(connection, body_of("call_started", call=ONGOING))
    Delivery.objects.filter(pk=delivery.pk).update(claimed_until=timezone.now() + timedelta(seconds=20))

    lines, remarks = run("apply_stranded")
    assert lines == []
    assert "1 are in a worker's hands" in remarks[0]
