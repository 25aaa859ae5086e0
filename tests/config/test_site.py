"""The admin's own site: who may come in, and under which policy."""

import os
import re
import subprocess
import sys

import pytest
from django.contrib.auth.models import Permission as Allowed
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, User, Workspace
from agents.models import Tool
from calls.models import Call
from platforms.models import Connection
from tests.administered import (
    act,
    address,
    one_of_everything,
    registered,
    superuser,
)
from tests.people import make_person, sign_in
from webhooks.models import Delivery


@pytest.fixture
def workspace(db) -> Workspace:
    return one_of_everything()


@pytest.fixture
def root(workspace) -> Client:
    return superuser()


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


# --- Who loads it ---------------------------------------------------------------------------------------


def test_whoever_shows_no_pages_loads_no_admin_but_checks_all_of_it():
    """It takes a sixth of each start."""
    ours = "import sys, django; django.setup(); print('calls.admin' in sys.modules)"
    ours += "; from config.site import check_all; print(check_all(None), 'calls.admin' in sys.modules)"
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}

    assert subprocess.check_output([sys.executable, "-c", ours], text=True, env=env).split() == [
        "False",
        "[]",
        "True",
    ]
