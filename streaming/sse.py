"""Server-sent events on the wire: encoding and what a client sends back. Pure."""

from datetime import UTC, datetime
from urllib.parse import parse_qs

import orjson

from streaming.positions import NOWHERE, BadPosition, Cursor

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]
DONE = b"data: [DONE]\n\n"
RETRY, RETRY_AT_ONCE = 1000, 50  # milliseconds


def frame(position: str, data: bytes) -> bytes:
    return b"id: %b\ndata: %b\n\n" % (position.encode(), data)


def pulse(*, retry: int | None = None, healthy: bool = True) -> bytes:
    """A sign of life, without an id: it never moves a reader's position."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {"at": at} if healthy else {"at": at, "log": "away"}
    event = b"data: %b\n\n" % orjson.dumps({"type": "data-pulse", "data": data})
    return event if retry is None else b"retry: %d\n%b" % (retry, event)


def reset(whose: dict) -> bytes:
    """Tells the reader to forget what it has (of the topic `whose` names, if any) before what follows."""
    return orjson.dumps({"type": "data-reset", "data": whose})


def tail(tag: dict) -> bytes:
    """What closes a part's JSON object, with the tag merged in. The last key of a name wins, so the tag
    does."""
    return b"," + orjson.dumps(tag)[1:] if tag else b"}"


def tagged(data: bytes, closing: bytes) -> bytes:
    if closing == b"}":
        return data
    return data[:-1] + closing if len(data) > 2 else b"{" + closing[1:]


def cursor_of(scope) -> Cursor | None:
    """Where the client wants to go on: the Last-Event-ID header, else `?after=`; None: from the beginning.

    A native reconnect sends both, and only the header is fresh. A header we cannot read (of an older release)
    resumes from NOWHERE, which resets; raises BadPosition for an address that was made up.
    """
    for name, value in scope["headers"]:
        if name == b"last-event-id" and value:
            try:
                return Cursor.parse(value.decode("ascii"))
            except ValueError:
                return Cursor(one=NOWHERE)
    try:
        query = parse_qs(scope["query_string"].decode("ascii"), max_num_fields=100)
    except ValueError as error:
        raise BadPosition("the query cannot be read") from error
    after = query.get("after")  # once, or once for each connection that this one goes on for
    return Cursor.merged(after) if after else None
