"""Settings → API tokens."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiToken, AuditEntry, Workspace
from accounts.tokens import create_token, digest, working_tokens
from tests.people import make_member, sign_in
from webhooks.setup import tokens


@pytest.fixture
def browser(workspace) -> Client:
    return sign_in(make_member(workspace, "admin"))


def text(response) -> str:
    return " ".join(re.sub("<[^>]+>", " ", response.content.decode()).split())


def create(browser, **typed):
    return browser.post("/settings/tokens/create", {"name": "Export", "role": "viewer", "days": ""} | typed)


def test_a_token_is_shown_once(browser, workspace):
    response = create(browser)
    [plain] = set(re.findall("es_[A-Za-z0-9_-]{43}", response.content.decode()))

    made = ApiToken.objects.for_workspace(workspace).get()
    assert (made.digest, made.role, made.expires_at) == (digest(plain), "viewer", None)
    assert response.headers["Cache-Control"] == "no-store"
    assert plain not in browser.get("/settings/tokens/").content.decode()
    assert AuditEntry.objects.for_workspace(workspace).filter(action="api_token.create").count() == 1


def test_a_page_that_is_reloaded_makes_no_second_token(browser, workspace):
    [made_as] = re.findall(
        'name="made_as" value="([0-9a-f-]{36})"', browser.get("/settings/tokens/").content.decode()
    )
    first = create(browser, made_as=made_as)
    again = create(browser, made_as=made_as)

    assert ApiToken.objects.for_workspace(workspace).count() == 1
    assert again.status_code == 302
    assert "made already" in text(browser.get(again["Location"]))
    [next_one] = re.findall('name="made_as" value="([0-9a-f-]{36})"', first.content.decode())
    assert create(browser, made_as=next_one).status_code == 200


def test_it_works_for_as_long_as_was_chosen(browser, workspace):
    create(browser, days="30")
    expires = ApiToken.objects.for_workspace(workspace).get().expires_at

    assert timedelta(days=29, hours=23) < expires - timezone.now() <= timedelta(days=30)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Say what it is for."),
        ({"role": "owner"}, "Choose a role you have yourself."),
        ({"role": "emperor"}, "Choose a role you have yourself."),
        ({"days": "-1"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(browser, typed, said):
    response = create(browser, **typed)

    assert response.status_code == 400
    assert said in text(response)
    assert not ApiToken.objects.exists()


def test_an_owner_may_make_an_owners_token(workspace):
    assert create(sign_in(make_member(workspace, "owner")), role="owner").status_code == 200


def test_the_list_says_who_still_works(browser, workspace):
    _, old = create_token(workspace, "Old one", "viewer", None, timezone.now() - timedelta(days=1))
    used, _ = create_token(workspace, "Used one", "operator", None)
    ApiToken.objects.filter(pk=used.pk).update(last_used_at=timezone.now() - timedelta(minutes=5))
    page = browser.get("/settings/tokens/")

    assert f"Used one {used.prefix}… Operator 5 min ago Never Revoke" in text(page)
    assert "… Viewer Never Expired" in text(page)
    assert old not in page.content.decode()


def test_one_that_works_is_not_lost_behind_those_that_do_no_more(browser, workspace):
    create_token(workspace, "Nightly export", "viewer", None)
    ended = [
        ApiToken(
            workspace=workspace, name=f"Ended {n}", role="viewer", digest=f"{n}", revoked_at=timezone.now()
        )
        for n in range(tokens.MOST_LISTED)
    ]
    ApiToken.objects.bulk_create(ended)
    page = text(browser.get("/settings/tokens/"))

    assert page.index("Nightly export") < page.index(f"Ended {tokens.MOST_LISTED - 1} ")
    assert "Ended 0 " not in page


def test_a_revoked_token_works_no_longer(browser, workspace):
    token, _ = create_token(workspace, "Export", "viewer", None)
    page = text(browser.post(reverse("settings:revoke_token", args=[token.pk]), follow=True))

    assert "Export revoked. Streams it holds open end within 15 s." in page
    assert "Never Revoked" in page
    assert not working_tokens().exists()


def test_another_workspaces_tokens_are_not_there(browser):
    theirs, _ = create_token(Workspace.objects.create(name="Theirs"), "Their export", "viewer", None)

    assert "Their export" not in text(browser.get("/settings/tokens/"))
    assert browser.post(reverse("settings:revoke_token", args=[theirs.pk])).status_code == 404
    assert working_tokens().exists()
