"""What every room's admin shares: secrets that are written and never shown, workspaces kept apart."""

import pytest
from django.test import Client

from accounts.models import AuditEntry, Workspace
from agents.models import Agent, Provider, Tool
from base.admin import MOST_SHOWN
from platforms.models import Connection
from tests.administered import (
    address,
    form_of,
    one_of_everything,
    superuser,
)
from webhooks.models import Delivery


@pytest.fixture
def workspace(db) -> Workspace:
    return one_of_everything()


@pytest.fixture
def root(workspace) -> Client:
    return superuser()


# --- Secrets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "kept"), [(Connection, "key_of_the_platform"), (Provider, "key_of_the_vendor")]
)
def test_a_secret_that_is_left_empty_is_kept_and_another_replaces_it(root, model, kept):
    row = model.objects.get()
    path = address(model, "change", row.pk)

    assert root.post(path, form_of(root, path) | {"name": "Renamed"}).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.api_key) == ("Renamed", kept)

    assert root.post(path, form_of(root, path) | {"api_key": "another"}).status_code == 302
    row.refresh_from_db()
    assert row.api_key == "another"
    assert "Set. Leave empty to keep it." in root.get(path).content.decode()


@pytest.mark.parametrize("model", [Connection, Provider])
def test_a_secret_is_not_sent_to_another_address_by_who_cannot_read_it(root, model):
    row = model.objects.get()
    path = address(model, "change", row.pk)
    theirs = form_of(root, path) | {"base_url": "https://collect.example.com"}

    assert "Type it again: it would go to another address." in root.post(path, theirs).content.decode()
    row.refresh_from_db()
    assert row.base_url == ""

    assert root.post(path, theirs | {"api_key": "their own"}).status_code == 302


def test_a_connection_is_made_and_changed_as_the_settings_page_does_it(root, workspace):
    data = {
        "workspace": workspace.pk,
        "platform": "retell",
        "name": "Second line",
        "api_key": "",
        "base_url": "",
    }

    assert root.post(address(Connection, "add"), data).status_code == 302

    made = Connection.objects.get(name="Second line")
    assert made.webhook_secret
    root.post(address(Connection, "change", made.pk), {"name": "Third line", "api_key": "k", "base_url": ""})
    actions = AuditEntry.objects.filter(target__contains=str(made.pk)).values_list("action", flat=True)
    assert set(actions) == {"connection.create", "connection.edit"}


def test_an_agent_cannot_answer_for_a_connection_of_another_workspace(root):
    theirs = Connection.objects.create(
        workspace=Workspace.objects.create(name="Elsewhere"), platform="retell", name="Theirs"
    )
    path = address(Agent, "change", Agent.objects.get().pk)

    response = root.post(path, form_of(root, path) | {"connection": theirs.pk})

    assert response.status_code == 200
    assert "This belongs to another workspace." in response.content.decode()


def test_a_row_does_not_move_to_another_workspace(root, workspace):
    elsewhere = Workspace.objects.create(name="Elsewhere")
    path = address(Tool, "change", Tool.objects.get().pk)

    root.post(path, form_of(root, path) | {"parameters": "{}", "workspace": elsewhere.pk})

    assert Tool.objects.get().workspace == workspace


# --- What is shown --------------------------------------------------------------------------------------


def test_a_body_is_shown_as_text_and_not_run(root):
    row = Delivery.objects.get()
    Delivery.objects.filter(pk=row.pk).update(body=b"<script>alert(1)</script>\xff\x00")

    html = root.get(address(Delivery, "change", row.pk)).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\xff" in html


def test_a_long_body_is_cut(root):
    row = Delivery.objects.get()
    Delivery.objects.filter(pk=row.pk).update(body=b"x" * (MOST_SHOWN + 1_234))

    html = root.get(address(Delivery, "change", row.pk)).content.decode()

    assert "and 1,234 more characters" in html
    assert "x" * (MOST_SHOWN + 1) not in html


def test_an_erased_body_says_so(root):
    row = Delivery.objects.get()
    Delivery.objects.filter(pk=row.pk).update(body=None)

    assert "Erased" in root.get(address(Delivery, "change", row.pk)).content.decode()
