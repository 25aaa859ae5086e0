"""Connections as people manage them, and what the audit log is told of it."""

import json

import pytest

from accounts.models import AuditEntry, Workspace
from agents.models import Agent
from calls.models import Call
from platforms import services
from platforms.models import Connection
from tests.calls.told import BEGAN
from tests.people import make_member

KEY = "key_0123456789abcdef"


@pytest.fixture
def workspace(db):
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def admin(workspace):
    return make_member(workspace, "admin")


@pytest.fixture
def connection(workspace, admin):
    return services.create(workspace, "retell", "Phone lines", by=admin)


def noted(workspace) -> list[str]:
    return list(AuditEntry.objects.for_workspace(workspace).order_by("id").values_list("action", flat=True))


def fresh(connection) -> Connection:
    return Connection.objects.get(pk=connection.pk)


def test_a_new_connection_gets_a_secret_of_ours(connection):
    assert len(connection.webhook_secret) >= 40
    assert connection.webhook_secret_is_ours


def test_or_the_platforms_own(workspace, admin):
    made = services.create(
        workspace, "retell", "Phone lines", api_key=KEY, webhook_secret=KEY, base_url="", by=admin
    )

    assert (made.webhook_secret, made.webhook_secret_is_ours, made.api_key) == (KEY, False, KEY)


def test_an_edit_leaves_the_api_key_alone_unless_told(connection, admin):
    services.edit(connection, name="Front desk", base_url="https://api.example.com", api_key=KEY, by=admin)
    services.edit(connection, name="Front desk", base_url="", api_key=None, by=admin)
    kept = fresh(connection)

    assert (kept.name, kept.base_url, kept.api_key) == ("Front desk", "", KEY)
    services.edit(connection, name="Front desk", base_url="", api_key="", by=admin)
    assert fresh(connection).api_key == ""


def test_an_edit_that_changes_nothing_is_not_noted(workspace, connection, admin):
    services.edit(connection, name="Phone lines", base_url="", api_key=None, by=admin)

    assert noted(workspace) == ["connection.create"]


def test_a_rotation_keeps_the_old_secret_until_it_is_finished(connection, admin):
    old = connection.webhook_secret
    rotated = services.rotate(connection, secret=KEY, by=admin)

    assert (rotated.webhook_secret, rotated.previous_webhook_secret) == (KEY, old)
    assert rotated.rotated_at
    assert not fresh(connection).webhook_secret_is_ours

    services.finish_rotation(connection, by=admin)
    done = fresh(connection)
    assert (done.webhook_secret, done.previous_webhook_secret, done.rotated_at) == (KEY, "", None)


def test_undone_it_leaves_everything_as_it_was(connection, admin):
    before = fresh(connection)
    services.rotate(connection, secret=KEY, by=admin)
    services.undo_rotation(connection, by=admin)
    after = fresh(connection)

    assert vars(after).items() - {("_state", after._state)} == vars(before).items() - {
        ("_state", before._state)
    }


def test_a_third_secret_is_refused(connection, admin):
    services.rotate(connection, by=admin)
    second = fresh(connection).webhook_secret

    with pytest.raises(services.RotationUnderWay):
        services.rotate(connection, by=admin)
    assert fresh(connection).webhook_secret == second


def test_nothing_is_kept_of_a_secret_nobody_has_used(connection, admin):
    services.rotate(connection, secret=KEY, keep_previous=False, by=admin)

    assert (fresh(connection).previous_webhook_secret, fresh(connection).rotated_at) == ("", None)


@pytest.mark.parametrize("end", [services.finish_rotation, services.undo_rotation])
def test_there_is_nothing_to_end_without_a_rotation(connection, admin, end):
    with pytest.raises(services.NoRotation):
        end(connection, by=admin)


def test_only_a_secret_of_ours_is_revealed(workspace, connection, admin):
    assert services.reveal(connection, by=admin) == connection.webhook_secret
    services.rotate(connection, secret=KEY, by=admin)
    with pytest.raises(ValueError):
        services.reveal(fresh(connection), by=admin)

    assert noted(workspace) == ["connection.create", "connection.reveal", "connection.rotate"]


def test_a_deletion_leaves_calls_and_agents(workspace, connection, admin):
    agent = Agent.objects.create(workspace=workspace, name="Odell", connection=connection)
    call = Call.objects.create(
        workspace=workspace,
        platform="retell",
        platform_call_id="c1",
        connection=connection,
        started_at=BEGAN,
    )
    services.delete(connection, by=admin)

    assert not Connection.objects.exists()
    assert Call.objects.get(pk=call.pk).connection_id is None
    assert Agent.objects.get(pk=agent.pk).connection_id is None
    assert noted(workspace)[-1] == "connection.delete"


def test_two_may_delete_it(connection, admin):
    same = fresh(connection)
    services.delete(connection, by=admin)
    services.delete(same, by=admin)

    assert noted(same.workspace).count("connection.delete") == 1


def test_the_log_is_told_ids_and_no_secrets_names_or_addresses(workspace, connection, admin):
    services.edit(connection, name="Front desk", base_url="https://api.example.com", api_key=KEY, by=admin)
    services.rotate(connection, secret=KEY, by=admin)
    services.reveal(services.undo_rotation(connection, by=admin), by=admin)

    rows = AuditEntry.objects.for_workspace(workspace)
    told = json.dumps([[row.target, row.detail, str(row.actor_id)] for row in rows])
    assert {row.target for row in rows} == {f"connection:{connection.pk}"}
    assert {row.actor_id for row in rows} == {admin.pk}
    for hidden in (KEY, connection.webhook_secret, "Front desk", "Phone lines", "example.com"):
        assert hidden not in told
