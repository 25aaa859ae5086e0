"""`POST /api/v1/ui-errors`: what a browser tells is held to sizes and a rate, and kept without words."""

import json
import time

import pytest
from django.core.cache import cache
from django.test import Client, override_settings

from accounts.models import Role, Workspace
from accounts.tokens import create_token
from observability import reports
from observability.models import BrowserReport
from tests.people import make_member, sign_in

ADDRESS = "/api/v1/ui-errors"
AN_ERROR = {
    "kind": "error",
    "message": "TypeError: card is undefined",
    "source": "/static/abc/live/card.js",
    "line": 12,
    "column": 3,
    "stack": "TypeError: card is undefined\n    at draw (https://earshot.example/static/abc/live/card.js?x=1:12:3)",
    "page": "/calls/",
    "version": "abc",
    "last_trace_id": "0af7651916cd43dd8448eb211c80319c",
}


@pytest.fixture
def workspace(db):
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def operator(workspace):
    return make_member(workspace, Role.OPERATOR)


@pytest.fixture
def tell(operator):
    client = sign_in(operator)

    def told(body, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body)
        return client.post(
            ADDRESS, data, content_type="application/json", headers={"user-agent": "Test/1", **headers}
        )

    return told


def test_it_keeps_what_a_browser_tells(tell, workspace, operator):
    answer = tell(AN_ERROR)

    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    row = BrowserReport.objects.get()
    assert (row.workspace, row.user, row.kind, row.line) == (workspace, operator, "error", 12)
    assert (row.user_agent, row.version, row.count) == ("Test/1", "abc", 1)
    assert row.last_trace_id == AN_ERROR["last_trace_id"]
    assert len(row.trace_id) == 32


def test_it_takes_several_at_once(tell):
    stall = {"kind": "stall", "source": "/live/stream", "detail": {"ms": 15_200, "tries": 2, "stalled": True}}

    assert tell({"reports": [AN_ERROR, stall]}).json() == {"accepted": 2}
    assert BrowserReport.objects.get(kind="stall").detail == {"ms": 15_200, "tries": 2, "stalled": True}


@pytest.mark.parametrize("role", Role.values)
def test_every_role_may_report(workspace, role):
    client = sign_in(make_member(workspace, role))

    assert client.post(ADDRESS, AN_ERROR, content_type="application/json").status_code == 202


def test_a_program_may_report_and_is_nobody(client, workspace):
    _, plain = create_token(workspace, "a script", Role.VIEWER, None)
    headers = {"authorization": f"Bearer {plain}"}

    assert client.post(ADDRESS, AN_ERROR, content_type="application/json", headers=headers).status_code == 202
    assert BrowserReport.objects.get().user is None


def test_a_stranger_may_not(client, db):
    answer = client.post(ADDRESS, AN_ERROR, content_type="application/json")

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthenticated"
    assert not BrowserReport.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        b"not json",
        b"\xff\xfe",
        b"[]",
        b"{}",
        {"reports": []},
        {"reports": [AN_ERROR] * 21},
        {"reports": [AN_ERROR], "more": 1},
        AN_ERROR | {"kind": "spam"},
        AN_ERROR | {"message": "x" * 501},
        AN_ERROR | {"stack": "x" * 4097},
        AN_ERROR | {"line": -1},
        AN_ERROR | {"line": 2**31},
        AN_ERROR | {"line": "12"},
        AN_ERROR | {"count": 0},
        AN_ERROR | {"detail": {"a": {"nested": 1}}},
        AN_ERROR | {"detail": {"a": float("nan")}},
        AN_ERROR | {"detail": {"Odd key": 1}},
        AN_ERROR | {"detail": {f"k{'a' * n}": n for n in range(13)}},
        AN_ERROR | {"last_trace_id": "0AF7651916CD43DD8448EB211C80319C"},
        AN_ERROR | {"unknown": 1},
    ],
    ids=lambda wrong: str(wrong)[:40] if isinstance(wrong, bytes) else "",
)
def test_what_is_malformed_is_refused_whole(tell, wrong):
    assert tell(wrong).status_code in (400, 422)
    assert not BrowserReport.objects.exists()


def test_what_is_far_too_large_is_refused_unread(tell):
    assert tell(b'{"message": "' + b"x" * 3 * 2**20 + b'"}').status_code in (400, 413)


def test_what_postgresql_cannot_keep_is_made_safe(tell):
    body = json.dumps(AN_ERROR | {"message": "a\x00b", "detail": {"name": "c\x00d"}})

    assert tell(body.encode()).status_code == 202
    row = BrowserReport.objects.get()
    assert (row.message, row.detail) == ("a\ufffdb", {"name": "c\ufffdd"})
    assert tell(json.dumps(AN_ERROR | {"message": "\ud800"}).encode()).status_code in (202, 400, 422)


def test_no_addresses_query_is_kept(tell):
    tell(AN_ERROR | {"source": "/a.js?token=1", "page": "/calls/?q=words#turn-1"})

    row = BrowserReport.objects.get()
    assert (row.source, row.page) == ("/a.js", "/calls/")
    assert "?" not in row.stack


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (
            'Unexpected token \'I\', "I was "charged" twice"... is not valid JSON\n    at f (/a.js:1)',
            "Unexpected token 'I', “…” is not valid JSON\n    at f (/a.js:1)",
        ),
        ('JSON Parse error: Unexpected identifier "charged"', "JSON Parse error: “…”"),
        ("Failed to fetch https://h/api?q=words again", "Failed to fetch https://h/api again"),
        (
            "Cannot read properties of undefined (reading 'x')",
            "Cannot read properties of undefined (reading 'x')",
        ),
        ("is it so? yes", "is it so? yes"),
        ("./calls/?q=words could not be loaded", "./calls/ could not be loaded"),
    ],
)
def test_what_an_error_quotes_is_not_kept(told, kept):
    assert reports.wordless(told) == kept


@pytest.mark.parametrize("text", ['"' * 4_096, "/-" * 2_048, "./" * 2_048, "http://" * 585])
def test_no_text_takes_long_to_make_safe(text):
    began = time.thread_time()
    reports.wordless(text)

    assert time.thread_time() - began < 0.15  # a hundred times as long, where each quotation mark begins anew


def test_one_person_reports_so_often_a_minute(tell):
    cache.clear()
    batch = {"reports": [AN_ERROR] * 20}
    answers = [tell(batch) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    assert answers[-1].json()["error"]["code"] == "rate_limited"
    assert BrowserReport.objects.count() == 60


def test_without_redis_the_minute_is_counted_in_the_database(tell):
    away = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }
    with override_settings(CACHES=away):
        batch = {"reports": [AN_ERROR] * 20}
        answers = [tell(batch).status_code for _ in range(4)]

    assert answers == [202, 202, 202, 429]


def test_a_cookie_alone_proves_nothing(operator):
    """Another site can make a browser send its cookies, but not our token."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)

    assert strict.post(ADDRESS, AN_ERROR, content_type="application/json").status_code in (401, 403)
    assert not BrowserReport.objects.exists()


def test_reports_are_counted_for_prometheus(tell):
    before = reports.REPORTS.labels("csp")._value.get()
    tell({"kind": "csp", "message": "script-src refused inline", "count": 3})

    assert reports.REPORTS.labels("csp")._value.get() == before + 3
