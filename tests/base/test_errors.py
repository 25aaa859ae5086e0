"""One shape for programs, one page for people, and never a 500 for junk."""

import json

import pytest
from channels.testing import HttpCommunicator, WebsocketCommunicator
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.handlers.exception import convert_exception_to_response
from django.db import OperationalError, connection
from django.http import HttpResponse, HttpResponseNotAllowed
from django.test import Client, RequestFactory
from redis.exceptions import ConnectionError as RedisConnectionError
from uvicorn.protocols.utils import ClientDisconnected

from base import errors
from base.errors import ErrorBoundary, ErrorShapeMiddleware, json_error, wants_json
from base.trace import TraceMiddleware, bind_trace

PROGRAM, BROWSER = "application/json", "text/html,application/xhtml+xml,*/*;q=0.8"


def request_of(path="/", accept=BROWSER, **cookies):
    request = RequestFactory().get(path, headers={"accept": accept})
    request.COOKIES.update(cookies)
    return request


def test_the_shape():
    with bind_trace("b" * 32):
        response = json_error(429, "rate_limited", "Slow down", {"limit": 5})

    assert response.status_code == 429
    assert json.loads(response.content) == {
        "error": {
            "code": "rate_limited",
            "message": "Slow down",
            "trace_id": "b" * 32,
            "details": {"limit": 5},
        }
    }


@pytest.mark.parametrize(
    ("path", "accept", "expected"),
    [
        ("/api/v1/calls", BROWSER, True),
        ("/api/v1/calls", "", True),
        ("/live/stream", "text/event-stream", True),
        ("/live/stream", "*/*", True),
        ("/live/", BROWSER, False),
        ("/webhooks/retell/1", "", True),
        ("/calls/", "*/*", False),
        ("/calls/", PROGRAM, True),
        ("/calls/", "text/html, application/json", False),
        ("/calls/", "x" * 100_000, False),
    ],
)
def test_it_knows_programs_from_people(path, accept, expected):
    assert wants_json(request_of(path, accept)) is expected


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 429, 500, 503])
def test_every_status_has_a_page_and_a_shape(status):
    with bind_trace("c" * 32):
        page = errors.error_response(request_of(), status)
        shape = errors.error_response(request_of("/api/"), status)

    assert page.status_code == shape.status_code == status
    assert "c" * 32 in page.content.decode()
    assert set(json.loads(shape.content)["error"]) == {"code", "message", "trace_id"}


def test_an_error_page_keeps_the_theme_and_escapes_what_it_says():
    page = errors.forbidden(request_of(theme="dark"), PermissionDenied("<b>You</b>")).content.decode()

    assert '<html lang="en-GB" data-theme="dark">' in page
    assert "&lt;b&gt;You" in page


def test_a_body_over_the_limit_is_413():
    assert errors.bad_request(request_of(), RequestDataTooBig("big")).status_code == 413


def test_an_empty_refusal_gets_our_shape_and_keeps_its_headers():
    middleware = ErrorShapeMiddleware(lambda request: HttpResponseNotAllowed(["GET"]))

    response = middleware(request_of("/api/v1/calls"))

    assert (response.status_code, response["Allow"]) == (405, "GET")
    assert json.loads(response.content)["error"]["code"] == "method_not_allowed"
    assert "That isn’t possible here" in middleware(request_of()).content.decode()


def test_what_is_fine_passes_untouched():
    kept = HttpResponse("words", status=200)

    assert ErrorShapeMiddleware(lambda request: kept)(request_of("/api/")) is kept


async def breaks(scope, receive, send):
    raise RuntimeError("a caller's words")


async def breaks_halfway(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await breaks(scope, receive, send)


async def test_what_an_app_lets_slip_is_answered_in_our_shape():
    response = await HttpCommunicator(TraceMiddleware(ErrorBoundary(breaks)), "GET", "/x").get_response()

    body = json.loads(response["body"])["error"]
    assert response["status"] == 500
    assert body["trace_id"].encode() == dict(response["headers"])[b"x-trace-id"]
    assert "words" not in str(body)


async def test_half_an_answer_is_cut_not_completed():
    with pytest.raises(RuntimeError):
        await HttpCommunicator(ErrorBoundary(breaks_halfway), "GET", "/x").get_response()


async def test_a_broken_socket_is_closed():
    socket = WebsocketCommunicator(ErrorBoundary(breaks), "/x")
    await socket.send_input({"type": "websocket.connect"})

    assert await socket.receive_output() == {"type": "websocket.close", "code": 1011}


async def test_who_leaves_before_the_socket_opens_is_no_error(caplog):
    async def answers_too_late(scope, receive, send):
        await send({"type": "websocket.accept"})

    async def to_nobody(message):
        raise ClientDisconnected

    with pytest.raises(ClientDisconnected):
        await ErrorBoundary(answers_too_late)({"type": "websocket", "path": "/x"}, None, to_nobody)

    assert not caplog.records


JUNK_PATHS = [
    "/%00",
    "/calls/%00/",
    "/calls/not-a-uuid/",
    "/%ff%fe",
    "/%F0%9F%92%A9",
    "//",
    "/../../etc/passwd",
    "/calls/?cursor=%00&after=%ff",
    "/accounts/login/?next=%00%ff",
    "/api/v1/%ed%a0%80",
    "/" + "a" * 8000,
]


@pytest.mark.django_db
@pytest.mark.parametrize("path", JUNK_PATHS)
@pytest.mark.parametrize("accept", [PROGRAM, BROWSER])
def test_junk_in_an_address_is_the_askers_fault(path, accept):
    response = Client(raise_request_exception=False).get(path, headers={"accept": accept})

    assert response.status_code < 500


JUNK_COOKIES = [
    'sessionid="\\000\\000\\000"',
    "sessionid=" + "é" * 32,
    "sessionid=" + "x" * 60_000,
    "csrftoken=\x7f; theme=<script>",
    "=;=;;;",
    "messages=junk; sessionid",
    'theme="\\"><script>"',
]


@pytest.mark.django_db
@pytest.mark.parametrize("cookie", JUNK_COOKIES)
def test_junk_in_a_cookie_is_a_stranger(cookie):
    client = Client(raise_request_exception=False)

    page = client.get("/accounts/login/", headers={"cookie": cookie})
    posted = client.post("/accounts/login/", {"login": "a@b.example"}, headers={"cookie": cookie})

    assert (page.status_code, posted.status_code) == (200, 200)
    assert b"<script>" not in page.content


JUNK_FORMS = [
    {"login": "\x00", "password": "\x00"},
    {"login": "a@b.example\x00", "password": "x" * 200_000},
    {"login": "\ud800".encode("utf-8", "surrogatepass"), "password": b"\xff\xfe"},
    {"login": "a" * 100_000 + "@example.com", "password": "x"},
]


@pytest.mark.django_db
@pytest.mark.parametrize("form", JUNK_FORMS)
def test_junk_in_a_form_is_refused_politely(form):
    assert Client(raise_request_exception=False).post("/accounts/login/", form).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=\xff", b"x"),
        ("application/x-www-form-urlencoded; charset=no-such", b"login=x"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(5000))),
        ("x" * 5000, b"\x00"),
    ],
)
def test_junk_in_a_body_is_refused_politely(kind, body):
    response = Client(raise_request_exception=False).generic("POST", "/accounts/login/", body, kind)

    assert response.status_code < 500


@pytest.mark.django_db
@pytest.mark.parametrize("accept", [PROGRAM, BROWSER])
def test_a_form_of_three_megabytes_is_too_large(accept):
    client = Client(raise_request_exception=False)

    response = client.post("/accounts/login/", {"login": "x" * 3_000_000}, headers={"accept": accept})

    assert response.status_code == 413


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["host", "accept", "accept-language", "x-forwarded-for", "authorization", "referer"]
)
def test_junk_in_a_header_is_the_askers_fault(name):
    for value in ("\x00", "ÿþ", "x" * 60_000, ",;=,;=", "a/b;q=x"):
        response = Client(raise_request_exception=False).get("/api/v1/nothing", headers={name: value})
        assert response.status_code in (400, 404)
        assert response["Content-Type"] == "application/json"


@pytest.mark.django_db
@pytest.mark.parametrize("accept", [PROGRAM, BROWSER])
def test_a_statement_that_was_ended_says_to_ask_for_less(accept):
    def view(request):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '20ms'")
            cursor.execute("SELECT pg_sleep(5)")

    response = convert_exception_to_response(view)(request_of("/calls/", accept))

    assert response.status_code == 503
    assert b"That took too long" in response.content
    assert b"fewer days" in response.content
    assert b"pg_sleep" not in response.content


def test_only_what_may_pass_and_was_but_asked_for_is_tried_again():
    offers = {
        (method, status): b">Try again</a>" in errors.error_response(ask("/calls/"), status).content
        for method, ask in (("get", RequestFactory().get), ("post", RequestFactory().post))
        for status in (404, 429, 500, 503)
    }
    assert {asked for asked, is_offered in offers.items() if is_offered} == {
        ("get", 429),
        ("get", 500),
        ("get", 503),
    }


@pytest.mark.parametrize("away", [OperationalError("the server is gone"), RedisConnectionError("refused")])
@pytest.mark.parametrize("accept", [PROGRAM, BROWSER])
def test_a_database_or_redis_that_is_away_is_not_a_breakdown(away, accept):
    def view(request):
        raise away

    request = request_of("/calls/", accept)
    response = convert_exception_to_response(view)(request)

    assert response.status_code == 503
    assert response["Retry-After"] == "2"
    assert b"Not available right now" in response.content
    assert (b">Try again</a>" in response.content) == (accept == BROWSER)
    assert str(away).encode() not in response.content
