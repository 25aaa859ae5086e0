"""Spans: what was done, when and within what, as OpenTelemetry has it. Any room may tell of its own.

Nobody records them without OTEL_EXPORTER_OTLP_ENDPOINT: then nothing of OpenTelemetry is imported (100 ms and
15 MB a process), and telling costs a call and a look at a variable. What records is base/telemetry.py.

The trace a span belongs to is the one bound in base/trace.py, so `X-Trace-Id` finds it at the collector. No
attribute ever holds what somebody said, a prompt, a number, a key or an address with any of them in it: ids,
the names of models, tools and tasks, counts, and kinds of errors.
"""

import re
from collections.abc import Awaitable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, Protocol, TypeVar

T = TypeVar("T")
Value = str | int | float | bool | Sequence[str] | None  # None and "": not known, and left out
Attributes = Mapping[str, Value]
Kind = Literal["internal", "server", "client", "producer", "consumer"]

TRACEPARENT = re.compile(
    "(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.{0,256})?"
)
# Asked for without end, and of no interest: probes, and files that are the same for everybody.
_UNTOLD = ("/healthz", "/readyz", "/metrics", "/static/")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ATTRIBUTES: Attributes = {}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A span that was told somewhere else: in another process, or before."""

    trace_id: str
    span_id: int


class Span(Protocol):
    """Something that is being done. As a context manager it is current inside, and over at the end; an
    exception that leaves it is kept by the name of its class alone."""

    def __enter__(self) -> "Span": ...

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None: ...

    def set(self, attributes: Attributes) -> None: ...

    def rename(self, name: str) -> None: ...

    def event(self, name: str, attributes: Attributes = _NO_ATTRIBUTES) -> None:
        """Something that happened meanwhile."""

    def fail(self, kind: str) -> None:
        """It did not succeed. `kind` is a word of ours, or the name of an exception's class."""


class Recorder(Protocol):
    def span(
        self, name: str, attributes: Attributes, kind: Kind, came_from: Sequence[Elsewhere], span_id: int
    ) -> Span: ...

    def past(
        self,
        name: str,
        seconds: float,
        attributes: Attributes,
        kind: Kind,
        events: Sequence[tuple[float, str, Attributes]],
        error: str,
    ) -> None: ...

    def followed(self, traceparent: str) -> Span: ...

    def carrier(self) -> str: ...

    def stop(self, seconds: float) -> None: ...


class _Nothing:
    """A span that nobody records."""

    __slots__ = ()

    def __enter__(self) -> "_Nothing":
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None: ...

    def set(self, attributes: Attributes) -> None: ...

    def rename(self, name: str) -> None: ...

    def event(self, name: str, attributes: Attributes = _NO_ATTRIBUTES) -> None: ...

    def fail(self, kind: str) -> None: ...


NOTHING: Span = _Nothing()
innermost: ContextVar[Span] = ContextVar("innermost_span", default=NOTHING)
_recorder: Recorder | None = None

# --- Who records ----------------------------------------------------------------------------------------


def start(endpoint: str, role: str) -> None:
    """From here on this process's spans go to the collector at `endpoint`, in batches and from a thread.

    `endpoint`: "http://127.0.0.1:4318", or empty: then nothing begins. `role`: web, worker.
    """
    global _recorder
    if endpoint and _recorder is None:
        _recorder = import_module("base.telemetry").Recorder(endpoint, role)


def stop(seconds: float = 3.0) -> None:
    """Send what there is, and record no more. Takes no longer than this, whatever the collector does."""
    global _recorder
    recorder, _recorder = _recorder, None
    if recorder is not None:
        recorder.stop(seconds)


def recording() -> bool:
    return _recorder is not None


# --- What is told ---------------------------------------------------------------------------------------


def span(
    name: str,
    attributes: Attributes = _NO_ATTRIBUTES,
    kind: Kind = "internal",
    *,
    came_from: Sequence[Elsewhere] = (),
    span_id: int = 0,
) -> Span:
    """To be used as `with span("…") as one:`. Its parent is the current span, if that is of the trace bound
    here; else the first of `came_from` that is; else it has none. The others are linked to. `span_id` 0: any.
    """
    if _recorder is None:
        return NOTHING
    return _recorder.span(name, attributes, kind, came_from, span_id)


def inside(
    work: Awaitable[T],
    name: str,
    attributes: Attributes = _NO_ATTRIBUTES,
    kind: Kind = "internal",
    *,
    span_id: int = 0,
) -> Awaitable[T]:
    """Awaited, the same as `work`, with a span around it."""
    if _recorder is None:
        return work
    return _inside(work, _recorder.span(name, attributes, kind, (), span_id))


async def _inside(work: Awaitable[T], span: Span) -> T:
    with span:
        return await work


def past(
    name: str,
    seconds: float,
    attributes: Attributes = _NO_ATTRIBUTES,
    kind: Kind = "internal",
    *,
    events: Sequence[tuple[float, str, Attributes]] = (),
    error: str = "",
) -> None:
    """Something that took so long and is over now. `events`: seconds from its beginning, name, attributes."""
    if _recorder is not None:
        _recorder.past(name, seconds, attributes, kind, events, error)


def current() -> Span:
    """The innermost span around what is being done now."""
    return innermost.get()


def route(method: str, pattern: str) -> None:
    """The request that is being answered goes to this address, as the table of addresses has it: an address
    itself may hold a key."""
    if _recorder is not None:
        method = method if method in _METHODS or method == "WS" else "HTTP"
        pattern = "/" + pattern.removeprefix("^")
        one = current()
        one.rename(f"{method} {pattern}")
        one.set({"http.route": pattern})


# --- From one process to another --------------------------------------------------------------------------


def carrier() -> str:
    """What makes another process's spans children of the current one: a W3C `traceparent`, or nothing."""
    return _recorder.carrier() if _recorder is not None else ""


def following(traceparent: str) -> Span:
    """As a context manager: spans inside are children of the one that is meant. Only for the word of somebody
    who may say so: a stranger could file everything under one trace, or have it recorded nowhere."""
    if _recorder is None or not TRACEPARENT.fullmatch(traceparent):
        return NOTHING
    return _recorder.followed(traceparent)


def spanned(app: Any, routes: Sequence[Any] = ()) -> Any:
    """ASGI: a span around each request and socket. `routes` are those that Django does not know of."""

    def serve(scope, receive, send):
        if (
            _recorder is None
            or scope["type"] not in ("http", "websocket")
            or scope["path"].startswith(_UNTOLD)
        ):
            return app(scope, receive, send)
        return _serve(app, routes, scope, receive, send)

    return serve


async def _serve(app: Any, routes: Sequence[Any], scope: Any, receive: Any, send: Any) -> None:
    method = scope.get("method", "WS")
    known = method if method in _METHODS or method == "WS" else "HTTP"
    told = {"http.request.method": known if known != "WS" else "GET"}
    with following(scope.get("traceparent", "")), span(known, told, "server") as one:

        def told_send(message):
            # Not a coroutine of its own: a stream's every frame passes here, until it knows the way past us.
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                one.set({"http.response.status_code": status})
                if status >= 500:
                    one.fail(str(status))
            return send(message)

        told_send.__wrapped__ = send  # type: ignore[attr-defined]
        for address in routes:
            if address.pattern.match(scope["path"].lstrip("/")):
                route(known, str(address.pattern))
                break
        await app(scope, receive, told_send)
