"""The admin: every model can be looked at and searched, evidence cannot be changed, and no secret is shown."""

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission as Allowed
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.models import ApiToken, AuditEntry, Membership, User, Workspace
from accounts.tokens import create_token, working_tokens
from agents.models import Agent, AgentVersion, LanguageModel, ModelCall, Provider, Tool
from agents.services import publish
from base.admin import MOST_SHOWN, Evidence
from base.ids import uuid7
from calls.models import Call, Event, Turn
from calls.services import Opening, record
from observability.models import BrowserReport
from platforms.models import Connection
from tests.api.made import make_delivery, make_model_call
from tests.calls.told import BEGAN, BY_THE_PLATFORM, ON_THE_SOCKET
from tests.people import make_member, make_person, sign_in
from webhooks.models import Delivery, Unproven

OURS = ("accounts", "platforms", "agents", "calls", "webhooks", "observability")
EVIDENCE = {
    ApiToken,
    AuditEntry,
    AgentVersion,
    ModelCall,
    Call,
    Turn,
    Event,
    Delivery,
    Unproven,
    BrowserReport,
}
SECRETS = (
    "key_of_the_platform",
    "secret_of_the_webhooks",
    "secret_before",
    "key_of_the_vendor",
    "key_in_the_address",
)
WORDS = re.compile("charged twice|refunded one|two charges", re.IGNORECASE)
NUMBERS = re.compile("7700900142|442079460000")


@pytest.fixture
def workspace(db) -> Workspace:
    """One row or more of every model."""
    cache.clear()
    workspace = Workspace.objects.create(name="Larkfield Energy")
    connection = Connection.objects.create(
        workspace=workspace,
        platform="retell",
        name="Larkfield line",
        api_key="key_of_the_platform",
        webhook_secret="secret_of_the_webhooks",
        previous_webhook_secret="secret_before",
    )
    Unproven.objects.create(
        workspace=workspace,
        connection=connection,
        count=3,
        last_at=timezone.now(),
        recent=[{"reason": "stale"}],
    )
    agent = Agent.objects.create(
        workspace=workspace, name="Odell", connection=connection, key="key_in_the_address"
    )
    publish(agent, prompt="You answer questions about bills.")
    provider = Provider.objects.create(
        workspace=workspace, name="Vendor", kind="openai", api_key="key_of_the_vendor"
    )
    LanguageModel.objects.create(workspace=workspace, provider=provider, name="gpt", tier="fast")
    Tool.objects.create(
        workspace=workspace, name="refund.create", description="Refund", url="https://tools.example"
    )
    opening = Opening(BEGAN, level=Call.Level.TOKEN, agent_id=agent.pk, version_id=agent.live_version_id)
    call = record(workspace.pk, "retell", "ended", ON_THE_SOCKET, source="socket", opening=opening)
    record(workspace.pk, "retell", "ended", BY_THE_PLATFORM, source="platform", opening=opening)
    make_delivery(connection, call=call)
    make_model_call(call)
    create_token(workspace, "a program", "admin", make_member(workspace, "owner"))
    audit.note("session.login", workspace=workspace, actor=None)
    BrowserReport.objects.create(
        workspace=workspace, kind="error", message="x is not a function", stack="at x"
    )
    return workspace


@pytest.fixture
def root(workspace) -> Client:
    return sign_in(make_person("root@example.com", is_staff=True, is_superuser=True))


def registered() -> list[type]:
    return sorted(
        (model for model in admin.site._registry if model._meta.app_label in OURS),
        key=lambda m: m._meta.label,
    )


def address(model, action: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=args)


MODELS = pytest.mark.parametrize("model", registered(), ids=lambda model: model._meta.label_lower)


def test_every_model_of_ours_is_there():
    models = {
        User, Workspace, Membership, Connection, Provider, LanguageModel, Tool, Agent, *EVIDENCE,
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


@MODELS
def test_more_rows_take_no_more_queries(root, model, workspace, django_assert_max_num_queries):
    for n in range(5):
        other = Workspace.objects.create(name=f"Workspace {n}")
        line = Connection.objects.create(workspace=other, platform="retell", name=f"Line {n}")
        agent = Agent.objects.create(workspace=other, name=f"Agent {n}", connection=line)
        publish(agent, prompt="Hello", by=make_member(other, "owner"))
        opening = Opening(BEGAN + timedelta(hours=n), agent_id=agent.pk, version_id=agent.live_version_id)
        call = record(other.pk, "retell", "ended", ON_THE_SOCKET, source="socket", opening=opening)
        make_delivery(line, call=call)
        make_model_call(call)
        Provider.objects.create(workspace=other, name="Vendor", kind="openai")
    root.get(address(model, "changelist"))

    with django_assert_max_num_queries(14):
        root.get(address(model, "changelist"))


# --- Secrets --------------------------------------------------------------------------------------------


def form_of(client: Client, path: str) -> dict:
    """What a browser would send back, if nothing was typed."""
    form = client.get(path).context["adminform"].form
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    for name, field in form.fields.items():
        if getattr(field.widget, "input_type", "") == "password":
            values[name] = ""
    return {
        name: form.fields[name].prepare_value(value) for name, value in values.items() if value is not None
    }


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


# --- What can be done -----------------------------------------------------------------------------------


def act(client: Client, model, action: str, *rows) -> str:
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return client.post(address(model, "changelist"), data, follow=True).content.decode()


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


# --- Who may --------------------------------------------------------------------------------------------


@pytest.fixture
def staff(workspace) -> Client:
    """May look at and change users, and nothing else."""
    user = make_person("staff@example.com", is_staff=True)
    user.user_permissions.set(Allowed.objects.filter(codename__in=("view_user", "change_user", "add_user")))
    return sign_in(user)


def test_staff_sees_what_they_were_given(staff):
    allowed = {model for model in registered() if staff.get(address(model, "changelist")).status_code == 200}

    assert allowed == {User}
    sidebar = staff.get(reverse("admin:index")).content.decode()
    assert address(User, "changelist") in sidebar
    assert address(Call, "changelist") not in sidebar


def test_nobody_gives_themselves_more_than_they_have(staff):
    path = address(User, "change", User.objects.get(email="staff@example.com").pk)
    nobody = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}

    staff.post(path, {"email": "staff@example.com", "is_active": "on", "is_superuser": "on"} | nobody)

    assert not User.objects.filter(email="staff@example.com", is_superuser=True).exists()


def test_staff_cannot_touch_a_superuser(staff):
    root = make_person("root@example.com", is_staff=True, is_superuser=True)
    password = {"password1": "a sentence nobody would guess", "password2": "a sentence nobody would guess"}

    staff.post(address(User, "change", root.pk), {"email": "mine@example.com", "is_active": "on"})
    staff.post(reverse("admin:auth_user_password_change", args=[root.pk]), password)

    after = User.objects.get(pk=root.pk)
    assert (after.email, after.password) == (root.email, root.password)


@pytest.mark.parametrize(("model", "action"), [(Delivery, "replay_chosen"), (ApiToken, "revoke")])
def test_looking_is_not_doing(workspace, model, action):
    user = make_person("looker@example.com", is_staff=True)
    user.user_permissions.set(Allowed.objects.filter(codename=f"view_{model._meta.model_name}"))
    before = model.objects.values().get()

    act(sign_in(user), model, action, model.objects.get())

    assert model.objects.values().get() == before


# --- Its policy -----------------------------------------------------------------------------------------


def policy(response) -> dict[str, set]:
    parts = [part.split() for part in response["Content-Security-Policy"].split(";")]
    return {name: set(values) for name, *values in parts}


def test_scripts_of_the_admin_are_compiled_and_still_come_from_us_alone(root):
    for path in (reverse("admin:index"), address(Call, "changelist"), address(Tool, "add")):
        said = policy(root.get(path))
        assert said["script-src"] == {"'self'", "'unsafe-eval'"}
        assert said["default-src"] == {"'none'"}
        assert said["frame-ancestors"] == {"'none'"}


@pytest.mark.parametrize(
    "path", ["/", "/calls/", "/accounts/login/", "/api/v1/docs", "/api/v1/calls", "/admin/nothing/"]
)
def test_no_other_page_compiles_scripts(root, path):
    said = policy(root.get(path))

    assert "'unsafe-eval'" not in said["script-src"]
    assert said["style-src"] == {"'self'"}


def test_nothing_of_the_admin_comes_from_elsewhere(root):
    for path in (reverse("admin:index"), address(Connection, "add"), address(Call, "changelist")):
        html = root.get(path).content.decode()
        assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', html)


def test_it_leads_back_to_the_dashboard(root):
    html = root.get(reverse("admin:index")).content.decode()

    assert "Back to the dashboard" in html
    assert "Earshot" in html
