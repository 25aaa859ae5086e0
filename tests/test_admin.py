"""The admin: every model can be looked at and searched, evidence stays as it is, no secret is shown."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, AuditEntry, Membership, User, Workspace
from accounts.tokens import working_tokens
from agents.models import Agent, Budget, LanguageModel, Provider, Tool
from base.admin import Evidence
from base.ids import uuid7
from calls.models import Call
from platforms.models import Connection
from tests.administered import (
    EVIDENCE,
    NUMBERS,
    SECRETS,
    WORDS,
    act,
    address,
    one_of_everything,
    registered,
    superuser,
)
from webhooks.models import Delivery

pytestmark = pytest.mark.busy


@pytest.fixture(scope="module")
def world(for_a_module) -> Workspace:
    return one_of_everything()


@pytest.fixture
def workspace(world, db) -> Workspace:
    return world


@pytest.fixture
def root(workspace) -> Client:
    return superuser()


MODELS = pytest.mark.parametrize("model", registered(), ids=lambda model: model._meta.label_lower)


def test_every_model_of_ours_is_there():
    models = {
        User, Workspace, Membership, Connection, Provider, LanguageModel, Tool, Agent, Budget,
        *EVIDENCE,
    }  # fmt: skip

    assert set(registered()) == models


def test_what_happened_is_evidence():
    assert {model for model, its in admin.site._registry.items() if isinstance(its, Evidence)} == EVIDENCE


@MODELS
def test_it_is_listed(root, model):
    response = root.get(address(model, "changelist"))

    assert response.status_code == 200
    html = response.content.decode()
    assert address(model, "change", model.objects.latest("id").pk) in html
    assert not [secret for secret in SECRETS if secret in html]
    assert not WORDS.search(html)
    assert not NUMBERS.search(html)


@MODELS
def test_one_is_shown(root, model):
    for row in model.objects.all():
        response = root.get(address(model, "change", row.pk))

        assert response.status_code == 200
        assert not [secret for secret in SECRETS if secret in response.content.decode()]


@MODELS
def test_it_can_be_searched(root, model):
    row = model.objects.latest("id")
    for term in ("larkfield", str(uuid7()), "'; --", "é" * 300, "\x00", "%"):
        assert root.get(address(model, "changelist"), {"q": term}).status_code == 200, term

    if model in EVIDENCE:
        html = root.get(address(model, "changelist"), {"q": str(row.pk)}).content.decode()
        assert address(model, "change", row.pk) in html


def test_a_call_is_found_by_the_platforms_id(root):
    html = root.get(address(Call, "changelist"), {"q": "ended"}).content.decode()

    assert address(Call, "change", Call.objects.get().pk) in html


def test_a_platforms_id_may_look_like_one_of_ours(root):
    theirs = str(uuid7())
    Call.objects.update(platform_call_id=theirs)
    html = root.get(address(Call, "changelist"), {"q": theirs}).content.decode()

    assert address(Call, "change", Call.objects.get().pk) in html


@MODELS
def test_it_is_added_to_unless_it_is_evidence(root, model):
    response = root.get(address(model, "add"))

    assert response.status_code == (403 if model in EVIDENCE else 200)


@pytest.mark.parametrize(
    "model", sorted(EVIDENCE, key=lambda m: m._meta.label), ids=lambda m: m._meta.label_lower
)
def test_evidence_cannot_be_changed(root, model):
    row = model.objects.latest("id")
    before = model.objects.filter(pk=row.pk).values().get()

    for action, args, data in [
        ("change", [row.pk], {"name": "changed", "action": "changed", "text": "changed", "status": "dead"}),
        ("delete", [row.pk], {"post": "yes"}),
        ("changelist", [], {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}),
        ("add", [], {}),
    ]:
        root.post(address(model, action, *args), data)

    assert model.objects.filter(pk=row.pk).values().get() == before


# --- What can be done -----------------------------------------------------------------------------------


def test_a_delivery_is_replayed(root):
    row = Delivery.objects.get()

    assert "To be applied again: 1." in act(root, Delivery, "replay_chosen", row)

    row.refresh_from_db()
    assert (row.status, row.replays) == ("pending", 1)
    assert AuditEntry.objects.filter(action="delivery.replay").count() == 1


def test_a_token_is_revoked(root):
    token = ApiToken.objects.get()

    assert "Revoked: 1." in act(root, ApiToken, "revoke", token)
    assert "Revoked: 0." in act(root, ApiToken, "revoke", token)

    assert not working_tokens().exists()
    assert AuditEntry.objects.filter(action="api_token.revoke").count() == 1


@pytest.mark.parametrize("model", [Provider, LanguageModel])
def test_what_models_may_be_asked_is_switched(root, model):
    act(root, model, "disable", model.objects.get())
    assert model.objects.get().enabled is False
    act(root, model, "enable", model.objects.get())
    assert model.objects.get().enabled is True


def test_somebody_is_added_and_given_another_password(root):
    password = "a sentence nobody would guess"
    nobody = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    data = {"email": "new@example.com", "name": "New", "password1": password, "password2": password}

    assert root.post(address(User, "add"), data | nobody).status_code == 302

    made = User.objects.get(email="new@example.com")
    assert made.password.startswith("argon2$argon2id$")
    assert made.check_password(password)
    path = reverse("admin:auth_user_password_change", args=[made.pk])
    assert root.post(path, {"password1": password[::-1], "password2": password[::-1]}).status_code == 302
    made.refresh_from_db()
    assert made.check_password(password[::-1])
