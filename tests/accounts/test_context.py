"""The frame around every page shows what is true of who is looking."""

import re

import pytest
from django.core.cache import cache
from django.urls import reverse

from accounts.models import Membership, Workspace
from tests.people import make_member, make_person, sign_in


def drawn(user, **cookies):
    client = sign_in(user)
    client.cookies.load(cookies)
    return client.get("/calls/").content.decode()


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()


def test_one_workspace_is_a_name_and_several_are_a_choice(maya):
    assert 'id="ws-menu"' not in drawn(maya)

    staging = Workspace.objects.create(name="<Staging>")
    Membership.objects.create(workspace=staging, user=maya, role="viewer")

    page = drawn(maya)
    assert f'value="{staging.pk}"' in page
    assert "&lt;Staging&gt;" in page
    assert "<Staging>" not in page


def rail(user) -> list[tuple[str, str]]:
    shown = re.search(r"<nav.*?</nav>", drawn(user), re.DOTALL)[0]
    return re.findall(r'href="([^"]+)" title="(\w+)"', shown)


def test_the_rail_shows_the_pages_that_a_role_opens(workspace, maya):
    looked_at = [("/", "Live"), ("/calls/", "History")]
    heard = [("/reviews/", "Reviews"), ("/insights/", "Insights")]
    everybodys = [*looked_at, *heard, ("/agents/", "Agents"), ("/chat/", "Chat"), ("/webhooks/", "Webhooks")]
    managers = [("/observability/", "Observability"), ("/settings/", "Settings")]

    assert rail(maya) == everybodys
    assert rail(make_member(workspace, "admin")) == everybodys + managers
    staff = make_member(workspace, "owner", is_staff=True)
    assert rail(staff) == [*everybodys, *managers, ("/admin/", "Admin")]


def test_tabs_may_share_a_connection_within_a_session_and_a_workspace(maya):
    """By a key that tells nobody the session."""
    staging = Workspace.objects.create(name="Staging")
    Membership.objects.create(workspace=staging, user=maya, role="viewer")
    client = sign_in(maya)

    def key(client) -> str:
        return re.search(r'<meta name="viewer" content="(\w+)">', client.get("/calls/").content.decode())[1]

    first = key(client)
    assert key(client) == first
    assert key(sign_in(maya)) != first
    client.post(reverse("switch_workspace"), {"workspace": staging.pk})
    assert key(client) != first
    assert client.cookies["sessionid"].value not in first


@pytest.mark.parametrize(
    ("cookie", "drawn_as"), [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ("<x>", "")]
)
def test_the_theme_is_right_from_the_first_byte(maya, cookie, drawn_as):
    assert f'<html lang="en-GB"{drawn_as}>' in drawn(maya, theme=cookie)


def test_the_only_inline_script_carries_the_nonce_of_the_policy(maya):
    response = sign_in(maya).get("/calls/")

    page = response.content.decode()
    nonce = re.search(r'<script type="importmap" nonce="([^"]{20,})">', page)[1]
    assert f"'nonce-{nonce}'" in response["Content-Security-Policy"]
    assert not re.search(r"\son\w+=|style=|javascript:", page)


def test_somebody_in_no_workspace_is_told_what_to_do(db):
    assert "Ask an admin to add you" in drawn(make_person("alone@example.com"))


def test_a_page_costs_a_handful_of_queries_to_frame(maya, django_assert_max_num_queries):
    client = sign_in(maya)
    client.get("/accounts/logout/")

    with django_assert_max_num_queries(4):  # session, user, membership, the workspaces to switch to
        client.get("/accounts/logout/")
