"""Switching workspace."""

import pytest

from accounts.models import Membership, Workspace
from accounts.sessions import WORKSPACE
from tests.people import sign_in

SWITCH = "/accounts/workspace/"


@pytest.fixture
def staging(maya):
    staging = Workspace.objects.create(name="Staging")
    Membership.objects.create(workspace=staging, user=maya, role="viewer")
    return staging


def test_it_makes_another_workspace_the_current_one(maya, staging):
    client = sign_in(maya)

    response = client.post(SWITCH, {"workspace": staging.pk, "next": "/calls/"})

    assert response["Location"] == "/calls/"
    assert client.session[WORKSPACE] == str(staging.pk)


@pytest.mark.parametrize(
    "page",
    [
        "/calls/0198c0de-0000-7000-8000-000000000000/",
        "https://evil.example/",
        "//evil.example",
        "http://testserver//evil.example/",
        "http://testserver/\\evil.example/",
        "",
        "\x00",
    ],
)
def test_it_goes_to_live_from_a_page_about_one_row(maya, staging, page):
    response = sign_in(maya).post(SWITCH, {"workspace": staging.pk, "next": page})

    assert response["Location"] == "/"


@pytest.mark.parametrize("wanted", ["", "junk", "\x00", "0198c0de-0000-7000-8000-000000000000"])
def test_nobody_enters_a_workspace_they_are_not_in(maya, wanted):
    client = sign_in(maya)

    assert client.post(SWITCH, {"workspace": wanted}).status_code == 404
    assert WORKSPACE not in client.session


def test_a_workspace_left_meanwhile_is_forgotten(maya, staging, workspace):
    client = sign_in(maya)
    client.post(SWITCH, {"workspace": staging.pk})
    Membership.objects.filter(workspace=staging).delete()

    assert client.get("/accounts/logout/").wsgi_request.workspace == workspace
