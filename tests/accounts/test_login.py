"""Signing in and out, through the pages."""

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import AuditEntry, User
from tests.people import PASSWORD, make_member, make_person, sign_in

LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def fresh_throttle():
    cache.clear()


def attempt(email, password, client=None, **data):
    return (client or Client()).post(LOGIN, {"login": email, "password": password, **data})


def test_it_signs_in_by_email_in_any_case(maya):
    client = Client()

    response = attempt("MAYA@Larkfield.example", PASSWORD, client)

    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(maya.pk)


def test_passwords_are_argon2(maya):
    assert maya.password.startswith("argon2$argon2id$")


def test_it_returns_to_the_address_asked_for(maya):
    response = attempt(maya.email, PASSWORD, next="/calls/?agent=odell")

    assert response["Location"] == "/calls/?agent=odell"


@pytest.mark.parametrize(
    "next_page", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil.example"]
)
def test_it_never_leaves_the_house(maya, next_page):
    assert attempt(maya.email, PASSWORD, next=next_page)["Location"] == "/"


def test_the_session_key_changes_at_the_door(maya):
    client = Client()
    client.session["planted"] = True
    client.session.save()
    before = client.session.session_key

    attempt(maya.email, PASSWORD, client)

    assert client.session.session_key != before


def test_a_wrong_password_and_an_unknown_email_sound_the_same(maya):
    make_person("gone@example.com", is_active=False)

    wrong, unknown, disabled = (
        attempt(maya.email, "wrong"),
        attempt("nobody@example.com", "wrong"),
        attempt("gone@example.com", PASSWORD),
    )

    said = {str(response.context["form"].non_field_errors()) for response in (wrong, unknown, disabled)}
    assert len(said) == 1
    assert "don’t match" in said.pop()


def test_it_locks_after_five_failures_and_says_until_when(maya):
    for _ in range(5):
        attempt(maya.email, "wrong")

    response = attempt(maya.email, PASSWORD)

    assert response.status_code == 200
    assert "You can try again in 5 minutes." in response.content.decode()


def test_a_lock_on_one_person_does_not_lock_out_another(maya, workspace):
    jon = make_member(workspace, "viewer", "jon@larkfield.example")
    for _ in range(6):
        attempt(maya.email, "wrong")

    assert attempt(jon.email, PASSWORD).status_code == 302


def test_it_writes_down_who_came_and_who_did_not(maya, workspace):
    client = Client()
    attempt(maya.email, "not it", client)
    attempt("nobody@example.com", "not it", client)
    attempt(maya.email, PASSWORD, client)
    client.post("/accounts/logout/")

    rows = [(row.action, row.actor_id, row.workspace_id) for row in AuditEntry.objects.order_by("id")]
    assert rows == [
        ("session.refused", maya.pk, workspace.pk),
        ("session.refused", None, None),
        ("session.login", maya.pk, workspace.pk),
        ("session.logout", maya.pk, workspace.pk),
    ]
    assert "nobody@example.com" not in str(AuditEntry.objects.values_list())


def test_signing_out_needs_a_press(maya):
    client = sign_in(maya)

    assert "Sign out?" in client.get("/accounts/logout/").content.decode()
    assert client.session.get("_auth_user_id")

    assert client.post("/accounts/logout/")["Location"] == LOGIN
    assert not client.session.get("_auth_user_id")


def test_nobody_signs_up(db):
    for page in ("signup", "password/reset", "email", "social"):
        assert Client().get(f"/accounts/{page}/").status_code == 404
    assert User.objects.count() == 0


def test_the_admin_has_no_door_of_its_own(maya, db):
    assert Client().get("/admin/login/")["Location"].startswith(LOGIN)
    assert sign_in(maya).get("/admin/", follow=True).status_code == 403
    staff = make_person("staff@example.com", is_staff=True, is_superuser=True)
    assert sign_in(staff).get("/admin/").status_code == 200


def test_the_page_has_no_dead_link(db):
    assert "<a " not in Client().get(LOGIN).content.decode()


def test_a_form_without_its_token_is_refused_kindly(maya):
    response = Client(enforce_csrf_checks=True).post(LOGIN, {"login": maya.email, "password": PASSWORD})

    assert response.status_code == 403
    assert "reload the page" in response.content.decode()


def test_sessions_outlive_an_emptied_redis(maya):
    client = Client()
    attempt(maya.email, PASSWORD, client)
    cache.clear()

    assert client.get("/accounts/logout/").status_code == 200


def test_when_somebody_was_last_seen_is_kept_to_the_minute(maya):
    client = sign_in(maya)
    client.get("/accounts/logout/")
    maya.refresh_from_db()
    first = maya.last_seen_at
    client.get("/accounts/logout/")
    maya.refresh_from_db()

    assert first is not None
    assert maya.last_seen_at == first
