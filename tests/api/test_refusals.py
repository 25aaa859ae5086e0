"""How the API says no: one shape, a status that fits, and details that name the field."""

import re

import pytest
from django.test import Client

from accounts.models import Role
from accounts.permissions import Permission, role_may
from accounts.tokens import revoke_token
from tests.people import make_member, make_person, sign_in


def error(response, status: int) -> dict:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    body = response.json()
    assert set(body) == {"error"}
    assert {"code", "message", "trace_id"} <= set(body["error"]) <= {"code", "message", "trace_id", "details"}
    assert re.fullmatch("[0-9a-f]{32}", body["error"]["trace_id"])
    return body["error"]


# --- Who is asking --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer es_wrong", "Bearer \x00", "Basic YTpi", "bearer " + "x" * 5_000]
)
def test_a_stranger_is_told_how_to_prove_themselves(world, authorization):
    response = Client(headers={"authorization": authorization}).get("/api/v1/calls")

    assert error(response, 401)["code"] == "unauthenticated"
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_revoked_token_opens_nothing(world):
    program = world.program()
    revoke_token(world.workspace.api_tokens.get(), None)

    said = error(program.ask("calls"), 401)["message"]
    assert said == "This API token is unknown, revoked or expired."


def test_who_sent_no_token_is_told_what_to_send(world):
    said = error(Client().get("/api/v1/calls"), 401)["message"]

    assert said == "Sign in, or send an API token as Authorization: Bearer es_…"


def test_a_token_rules_out_the_cookie_beside_it(world):
    signed_in = sign_in(make_member(world.workspace, "owner"))

    response = signed_in.get("/api/v1/calls", headers={"authorization": "Bearer es_wrong"})

    error(response, 401)


def test_somebody_signed_in_may_read(world):
    response = sign_in(make_member(world.workspace, "viewer")).get("/api/v1/calls")

    assert response.status_code == 200


def test_somebody_in_no_workspace_is_told_so(world):
    response = sign_in(make_person("alone@example.com")).get("/api/v1/calls")

    assert "workspace" in error(response, 403)["message"]


def test_a_session_changes_nothing_without_the_forms_token(world):
    user = make_member(world.workspace, "owner")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    send = {"path": "/api/v1/ui-errors", "data": {"kind": "error"}, "content_type": "application/json"}

    assert "CSRF" in error(strict.post(**send), 403)["message"]

    token = strict.get("/api/v1/docs").content.decode().split('data-csrf="')[1].split('"')[0]
    assert strict.post(**send, headers={"x-csrftoken": token}).status_code == 202


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("calls", Permission.SEE_CALLS),
        ("calls/{call}", Permission.SEE_CALLS),
        ("calls/{call}/transcript", Permission.SEE_WORDS),
        ("calls/{call}/events", Permission.SEE_CALLS),
        ("agents/{agent}/versions", Permission.SEE_WORDS),
        ("webhooks/deliveries/{delivery}", Permission.SEE_CALLS),
        ("connections", Permission.MANAGE_WORKSPACE),
    ],
)
@pytest.mark.parametrize("role", Role.values)
def test_a_role_opens_what_it_includes(world, path, permission, role):
    address = path.format(call=world.ended.pk, agent=world.agent.pk, delivery=world.delivery.pk)

    response = world.program(role).ask(address)

    if role_may(role, permission):
        assert response.status_code == 200
    else:
        assert "role" in error(response, 403)["message"]


@pytest.mark.parametrize(
    "path",
    [
        "calls/{call}",
        "calls/{call}/transcript",
        "calls/{call}/events",
        "agents/{agent}",
        "agents/{agent}/versions",
        "webhooks/deliveries/{delivery}",
    ],
)
def test_what_belongs_to_another_workspace_is_not_there(world, path):
    address = path.format(call=world.ended.pk, agent=world.agent.pk, delivery=world.delivery.pk)

    error(world.program("owner", world.elsewhere).ask(address), 404)


# --- What is asked --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("calls?limit=0", "limit"),
        ("calls?limit=201", "limit"),
        ("calls?limit=" + "9" * 5_000, "limit"),
        ("calls?limit=ten", "limit"),
        ("calls?cursor=junk", "cursor"),
        ("calls?cursor=%00", "cursor"),
        ("calls?cursor=%ED%A0%80", "cursor"),
        ("calls?cursor=" + "A" * 200, "cursor"),
        ("calls?status=over", "status"),
        ("calls?status=", "status"),
        ("calls?agent=nobody", "agent"),
        ("calls?duration=long", "duration"),
        ("calls?field.age=%3Eold", "field.age"),
        ("calls?tz=Nowhere", "tz"),
        ("calls?agent=", "agent"),
        ("calls?from=yesterday", "from"),
        ("calls?from=2026-02-30", "from"),
        ("calls?from=20261120", "from"),
        ("calls?from=1763596800", "from"),
        ("calls?to=9999-12-31", "to"),
        ("calls?since=2026-11-20", "since"),
        ("calls?agnet=x", "agnet"),
        ("webhooks/deliveries?since=2026-11-20", "since"),
        ("webhooks/deliveries?since=2026-11-20T09:00:00", "since"),
        ("webhooks/deliveries?since=2026-11-20T09:00:00+01:00", "since"),
        ("webhooks/deliveries?since=0001-01-01T00:00:00%2B01:00", "since"),
        ("webhooks/deliveries?kind=%00", "kind"),
        ("webhooks/deliveries?kind=%FF%FE", "kind"),
        ("webhooks/deliveries?kind=" + "x" * 200, "kind"),
        ("webhooks/deliveries?call=1", "call"),
        ("model-calls?error=broke", "error"),
        ("model-calls?model=", "model"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(world, address, field):
    path, _, query = address.partition("?")
    program = world.program()

    response = program.client.get(
        f"/api/v1/{path}?{query}", headers={"authorization": f"Bearer {program.token}"}
    )

    found = error(response, 400)
    assert found["code"] == "invalid_request"
    assert [fault["field"] for fault in found["details"]] == [field]
    assert all(set(fault) == {"field", "problem"} for fault in found["details"])


def test_many_faults_are_not_all_listed(world):
    found = error(world.program().ask("calls", **{f"x{n}": "y" for n in range(50)}), 400)

    assert len(found["details"]) == 20


@pytest.mark.parametrize(
    "path",
    [
        "nowhere",
        "",
        "calls/",
        "calls/1",
        "calls/%00",
        "calls/01A1FE28-0942-7503-9423-43404816D9B9",
        "calls/01a1fe28-0942-7503-9423-43404816d9b9",
        "calls/01a1fe28-0942-7503-9423-43404816d9b9/",
    ],
)
def test_what_is_not_there_is_not_found(world, path):
    error(world.program().ask(path), 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_another_method_is_told_which_one_there_is(world, method):
    response = world.program().ask("calls", method)

    assert error(response, 405)["code"] == "method_not_allowed"
    assert response["Allow"] == "GET"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"kind": "\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"kind": 1e999}',
        b"[]",
        b"[" * 5_000,
    ],
)
def test_a_body_that_cannot_be_read_is_refused(world, body):
    program = world.program()

    response = program.client.post(
        "/api/v1/ui-errors",
        body,
        content_type="application/json",
        headers={"authorization": f"Bearer {program.token}"},
    )

    assert error(response, 400)["code"] == "invalid_request"
    assert response.json()["error"]["details"][0]["problem"]


def test_a_field_of_a_body_is_named_as_whoever_wrote_it_knows_it(world):
    program = world.program()

    response = program.client.post(
        "/api/v1/ui-errors",
        {"reports": [{"kind": "error", "line": -1}]},
        content_type="application/json",
        headers={"authorization": f"Bearer {program.token}"},
    )

    fields = [fault["field"] for fault in error(response, 400)["details"]]
    assert "reports.0.line" in fields
    assert all(field.startswith(("reports", "kind")) for field in fields)


# --- Pages of other origins -----------------------------------------------------------------------------

OURS, THEIRS = "https://app.example.com", "https://evil.example.com"
ASKING_FIRST = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}


@pytest.fixture
def open_to_ours(settings):
    settings.CORS_ALLOWED_ORIGINS = [OURS]


def test_a_named_origin_may_ask_with_a_token_and_never_a_cookie(world, open_to_ours):
    response = Client().options("/api/v1/calls", headers={"origin": OURS, **ASKING_FIRST})

    assert response.status_code == 204
    assert response["Access-Control-Allow-Origin"] == OURS
    assert "authorization" in response["Access-Control-Allow-Headers"].lower()
    assert "Access-Control-Allow-Credentials" not in response
    assert "Origin" in response["Vary"]


@pytest.mark.parametrize(("path", "status"), [("/api/v1/calls", 401), ("/api/v1/nowhere", 404)])
def test_a_named_origin_reads_refusals_too(world, open_to_ours, path, status):
    response = Client().get(path, headers={"origin": OURS})

    assert response.status_code == status
    assert response["Access-Control-Allow-Origin"] == OURS
    assert "X-Trace-Id" in response["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("origin", [THEIRS, "null", f"{OURS}.evil.example.com", OURS.upper(), ""])
def test_no_other_origin_may(world, open_to_ours, origin):
    for response in (
        Client().options("/api/v1/calls", headers={"origin": origin, **ASKING_FIRST}),
        Client().get("/api/v1/calls", headers={"origin": origin}),
    ):
        assert "Access-Control-Allow-Origin" not in response
        assert "Origin" in response["Vary"]


@pytest.mark.parametrize("path", ["/", "/live/stream", "/accounts/login/", "/apiary"])
def test_nothing_but_the_api_is_open_to_other_origins(world, open_to_ours, path):
    assert "Access-Control-Allow-Origin" not in Client().get(path, headers={"origin": OURS})


def test_without_the_setting_no_origin_may(world):
    assert "Access-Control-Allow-Origin" not in Client().get("/api/v1/calls", headers={"origin": OURS})
