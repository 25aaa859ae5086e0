"""How we say no: one JSON shape for programs, one page for people, and never a traceback for either."""

import logging
import sys
from collections.abc import Mapping

import orjson
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from psycopg.errors import QueryCanceled
from redis.exceptions import RedisError
from uvicorn.protocols.utils import ClientDisconnected

from base.theme import theme_of
from base.trace import current_trace_id

logger = logging.getLogger(__name__)

# status → (code, title, what to do). The wording people and programs see when nobody said more.
SAYINGS = {
    400: ("bad_request", "That request can’t be read", "Something in the address or the form is malformed."),
    401: ("unauthenticated", "Sign in first", "A session or an API token is needed here."),
    403: ("forbidden", "You don’t have access to this", "Your role in this workspace doesn’t include it."),
    404: (
        "not_found",
        "There is nothing here",
        "It may have been removed, or it belongs to another workspace.",
    ),
    405: ("method_not_allowed", "That isn’t possible here", "This address takes another method."),
    409: ("conflict", "Something else happened first", "Reload and look again."),
    413: ("too_large", "That is too large", "Send less at once."),
    429: ("rate_limited", "Too many requests", "Wait a moment, then try again."),
    500: (
        "internal",
        "Something broke on our side",
        "It was recorded with the id below. Trying again may work.",
    ),
    503: ("unavailable", "Not available right now", "Try again in a moment."),
}
# Programs live here; a browser that asks for HTML still gets a page (the wallboard is /live/).
_FOR_PROGRAMS = ("/api/", "/live/", "/webhooks/", "/health/")
_LONGEST_ACCEPT = 1000
_MAY_PASS = (429, 500, 503)  # a page that was asked for is offered again; what was sent, a link cannot send
# The database or Redis is away for the moment: trying again is the right advice, and "broken" the wrong word.
_PASSING = (OperationalError, InterfaceError, RedisError)


def error_body(code: str, message: str, details=None) -> bytes:
    """`{"error": {"code", "message", "trace_id", "details"?}}` as bytes, for ASGI apps beside Django."""
    error = {"code": code, "message": message, "trace_id": current_trace_id()}
    if details is not None:
        error["details"] = details
    return orjson.dumps({"error": error})


def json_error(status: int, code: str = "", message: str = "", details=None) -> HttpResponse:
    """The same as a response. Without code or message, the usual ones of the status."""
    usual_code, title, _ = SAYINGS.get(status, SAYINGS[500])
    body = error_body(code or usual_code, message or title, details)
    return HttpResponse(body, status=status, content_type="application/json")


def wants_json(request: HttpRequest) -> bool:
    """Whether a program is asking: by what it accepts, else by where."""
    accept = request.headers.get("accept", "")[:_LONGEST_ACCEPT]
    if request.path.startswith(_FOR_PROGRAMS):
        return "text/html" not in accept or request.path.startswith("/api/")
    return "application/json" in accept and "text/html" not in accept


def error_response(request: HttpRequest, status: int, message: str = "", title: str = "") -> HttpResponse:
    """The error for whoever asks: the JSON shape or our page. Touches neither database nor session."""
    _, usual_title, advice = SAYINGS.get(status, SAYINGS[500])
    if wants_json(request):
        return json_error(status, message=". ".join(filter(None, (title, message))) or usual_title)
    template = f"{status}.html" if status in (403, 404, 500) else "error.html"
    context = {
        "title": title or usual_title,
        "advice": message or advice,
        "trace_id": current_trace_id(),
        "may_pass": status in _MAY_PASS and request.method == "GET",
        "theme": theme_of(request),
    }
    return HttpResponse(render_to_string(template, context), status=status)


# Django's error handlers (config/urls.py names them).


def bad_request(request: HttpRequest, exception=None) -> HttpResponse:
    return error_response(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def forbidden(request: HttpRequest, exception=None) -> HttpResponse:
    return error_response(request, 403, str(exception or ""))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_response(
        request, 403, "Go back, reload the page and send it again.", title="This form is out of date"
    )


def not_found(request: HttpRequest, exception=None) -> HttpResponse:
    # The exception's own words name models and patterns; they are for us, not for whoever asked.
    return error_response(request, 404)


def too_many(request: HttpRequest, exception=None) -> HttpResponse:
    return error_response(request, 429)


def server_error(request: HttpRequest) -> HttpResponse:
    error = sys.exception()
    if not isinstance(error, _PASSING):
        return error_response(request, 500)
    if isinstance(error.__cause__, QueryCanceled):  # after settings.STATEMENT_SECONDS
        return error_response(
            request, 503, "Ask for less at once: fewer days, or more filters.", title="That took too long"
        )
    response = error_response(request, 503)
    response["Retry-After"] = "2"
    return response


class Faulty(Exception):
    """What was given cannot be kept as it is: `faults` says what is wrong with which field. In the API it is
    400, so that services may raise it."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults = faults


class ErrorBoundary:
    """ASGI wrapper inside TraceMiddleware: what an app lets slip is logged and answered in our shape."""

    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        last_sent = ""

        def watched_send(message):
            nonlocal last_sent
            last_sent = message["type"]
            return send(message)

        # Once the answer has begun, nothing here is missed by whoever sends past us.
        watched_send.__wrapped__ = send  # type: ignore[attr-defined]
        try:
            await self.app(scope, receive, watched_send)
        except ClientDisconnected:
            raise  # whoever asked has left, which is nobody's error; uvicorn expects to hear of it
        except Exception:
            logger.exception("%s %s broke", scope["type"], _whereabouts(scope["path"]))
            if scope["type"] == "websocket":
                if last_sent != "websocket.close":
                    await send({"type": "websocket.close", "code": 1011})
            elif not last_sent:
                code, title, _ = SAYINGS[500]
                await answer(send, 500, error_body(code, title))
            else:
                raise  # half an answer is out: the server must cut the connection


def _whereabouts(path: str) -> str:
    """The start of an address: the rest may hold an agent's key. The trace id finds the rest."""
    return "/".join(path.split("/")[:3]).encode("ascii", "replace").decode()[:60]


async def answer(send, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    """One whole JSON answer over ASGI."""
    head = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *(headers or []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


class ErrorShapeMiddleware:
    """Gives our shape to what Django and its apps refuse in their own words: an empty 405, a bare 429."""

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code < 400 or response.streaming or self._is_ours(request, response):
            return response
        shaped = error_response(request, response.status_code)
        for name in ("Allow", "Retry-After", "WWW-Authenticate"):
            if name in response:
                shaped[name] = response[name]
        return shaped

    @staticmethod
    def _is_ours(request: HttpRequest, response: HttpResponse) -> bool:
        kind = response.get("Content-Type", "")
        if wants_json(request):
            return kind.startswith("application/json")
        return bool(response.content)


async def refuse_socket(scope, receive, send) -> None:
    """ASGI app: the answer to a socket nobody serves."""
    await receive()
    await send({"type": "websocket.close", "code": 4404})
