"""One id for everything that follows from one event: response headers, log lines and rows carry it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from random import getrandbits

TRACE_HEADER = b"x-trace-id"
# W3C Trace Context: version, trace id, parent id, flags. Later versions may append fields.
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.{0,256})?")
_NOWHERE = b"0" * 32
_FOR_PROGRAMS = "/api/"

_trace_id: ContextVar[str] = ContextVar("trace_id", default="")


def new_trace() -> str:
    """A fresh trace id: 32 hex digits, as W3C Trace Context wants them."""
    return f"{getrandbits(128):032x}"  # tells one from another; nothing is proven by it


def current_trace_id() -> str:
    """The trace id of what is being done now. Work that nobody bound (a shell) gets one of its own."""
    found = _trace_id.get()
    if not found:
        found = new_trace()
        _trace_id.set(found)
    return found


@contextmanager
def bind_trace(trace_id: str) -> Iterator[str]:
    """Everything inside, and every task it starts, belongs to `trace_id`."""
    token = _trace_id.set(trace_id)
    try:
        yield trace_id
    finally:
        _trace_id.reset(token)


def continued(scope) -> str:
    """The caller's `traceparent`, if it is valid and theirs to give, else nothing.

    Programs of the JSON API may go on with a trace of their own. Nobody else: a stranger could file every
    page, webhook and call under one trace, or have none of it recorded. A stranger on the API files a 401: a
    token is looked up when the trace has long begun, and nothing else is done for who has none.
    """
    if scope["path"].startswith(_FOR_PROGRAMS):
        for name, value in scope["headers"]:
            if name == b"traceparent" and (match := _TRACEPARENT.fullmatch(value)) and match[1] != _NOWHERE:
                return value.decode("latin-1")
    return ""


class TraceMiddleware:
    """Outermost ASGI wrapper: binds the trace id, puts it in the scope, and names it in every answer."""

    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        parent = continued(scope)
        trace_id = parent[3:35] or new_trace()
        header = (TRACE_HEADER, trace_id.encode())

        def traced_send(message):
            # Not a coroutine of its own: a stream's every frame passes here.
            if message["type"] in (
                "http.response.start",
                "websocket.accept",
                "websocket.http.response.start",
            ):
                message = {**message, "headers": [*message.get("headers", ()), header]}
            return send(message)

        # Once the answer has begun, nothing here is missed by whoever sends past us.
        traced_send.__wrapped__ = send  # type: ignore[attr-defined]
        token = _trace_id.set(trace_id)
        try:
            await self.app({**scope, "trace_id": trace_id, "traceparent": parent}, receive, traced_send)
        finally:
            _trace_id.reset(token)
