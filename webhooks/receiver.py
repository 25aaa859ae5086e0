"""`POST /webhooks/<platform>/<connection id>`: prove it, keep it, answer. A worker finds out what it means.

An ASGI app beside Django, whose own handling of a request costs ten times the work itself.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

import orjson

from agents.lookup import per_loop
from base import meters, tracing
from base.errors import SAYINGS, answer, error_body
from base.ids import uuid7
from platforms.adapters import ADAPTERS
from platforms.errors import BadSignature, Unreadable
from platforms.webhooks import Adapter, Envelope
from webhooks import doorbell, redaction
from webhooks.batch import Arrival, Gone, Overloaded
from webhooks.connections import Known, connections
from webhooks.intake import intake
from webhooks.lines import Away
from webhooks.models import Delivery
from webhooks.patience import Patience
from webhooks.spans import span_of
from webhooks.unproven import unproven

BODY_WITHIN_S = 10.0
# Bodies that are being read, together. What a server hands over in one piece is not worth counting.
SMALL, MOST_BEING_READ = 64 * 1024, 64 * 1024 * 1024
_ADDRESS = re.compile("/webhooks/([a-z][a-z0-9_]*)/([^/]+)/?")
_RETRY_AFTER = (b"retry-after", b"2")
Status = Delivery.Status
# A platform we have no adapter for is "unknown": a stranger must not make up names here.
ANSWERED = cache(
    meters.seconds(
        "webhook_answer_seconds", "Webhooks, from their first byte to our answer.", "platform", "status"
    ).labels
)


class Refused(Exception):
    """The answer is no. Without message or code, the usual ones of the status."""

    def __init__(
        self, status: int, headers: Sequence[tuple[bytes, bytes]] = (), message: str = "", code: str = ""
    ) -> None:
        self.status = status
        self.headers = list(headers)
        self.message = message
        self.code = code


class Left(Exception):
    """Whoever sent it has gone before it was all there."""


class _Reading:
    """Bytes of large bodies that are being read in this process: unproven, so they must not fill it."""

    def __init__(self) -> None:
        self.size = 0


_reading = _Reading()
_patience = per_loop(lambda: Patience(BODY_WITHIN_S))


def receiving(app):
    """ASGI: what platforms post comes here; the pages under /webhooks/, and all the rest, are `app`'s."""

    def route(scope, receive, send):
        if scope["path"].startswith("/webhooks/") and (match := _ADDRESS.fullmatch(scope["path"])):
            platform, connection = match.groups()
            if scope["method"] == "POST":
                return receiver(scope, receive, send, platform, connection)
            if platform in ADAPTERS or scope["method"] not in ("GET", "HEAD"):
                return _refuse(send, Refused(405, [(b"allow", b"POST")]))
        return app(scope, receive, send)

    return route


async def receiver(scope, receive, send, platform: str, connection: str) -> None:
    """Answers 200 with {"status": "accepted" | "duplicate"}, or an error in our shape."""
    began, status = time.perf_counter(), 200
    tracing.route("POST", "webhooks/<platform>/<connection>")
    try:
        told = await _take_in(scope, receive, platform, connection)
    except Refused as refused:
        status = refused.status
        await _refuse(send, refused)
    except Left:
        return
    else:
        await answer(send, 200, orjson.dumps(told))
    ANSWERED(platform if platform in ADAPTERS else "unknown", status).observe(time.perf_counter() - began)


async def _take_in(scope, receive, platform: str, connection: str) -> dict:
    adapter = ADAPTERS.get(platform)
    if adapter is None:
        raise Refused(404)
    queue = intake()
    if queue.is_full:
        raise Refused(503, [_RETRY_AFTER])  # before it costs anything: what cannot be kept need not be proven
    known = await _known(platform, connection)
    headers, kept = redaction.read(scope["headers"])
    body = await _body(headers, receive, adapter.MAX_BODY)
    try:
        signed_at = adapter.verify(body, headers, known.secrets, datetime.now(UTC))
    except BadSignature as bad:
        unproven().note(known, str(bad), scope["trace_id"], kept)
        raise Refused(401, message=f"This is not proven to come from the platform: {bad}.") from None
    envelope, unreadable = _envelope(adapter, body)
    status = (
        Status.DEAD
        if unreadable
        else Status.PENDING
        if envelope.known and envelope.call_id
        else Status.IGNORED
    )
    arrival = Arrival(
        id=uuid7(),
        workspace_id=known.workspace_id,
        connection_id=known.id,
        platform=platform,
        kind=envelope.kind,
        platform_call_id=envelope.call_id,
        digest=hashlib.sha256(body).digest(),
        body=body,
        headers=orjson.dumps(kept),
        signed_at=signed_at,
        trace_id=scope["trace_id"],
        status=status.value,
        error=unreadable,
    )
    try:
        outcome = await tracing.inside(
            queue.put(arrival), "keep webhook", kind="producer", span_id=span_of(arrival.id)
        )
    except Overloaded:
        raise Refused(503, [_RETRY_AFTER]) from None
    except Gone:
        connections().forget(str(known.id))
        raise Refused(404) from None
    if unreadable:
        raise Refused(400, message=f"It is kept, and says nothing to us. {unreadable}")
    if outcome == "accepted" and status is Status.PENDING:
        doorbell.ring()
    return {"status": outcome} | adapter.answer(envelope)


async def _known(platform: str, connection: str) -> Known:
    try:
        known = await connections().get(connection.lower())
    except Away:
        raise Refused(503, [_RETRY_AFTER]) from None
    if known is None or known.platform != platform:
        raise Refused(404)
    return known


async def _body(headers: dict[str, str], receive, most: int) -> bytes:
    promised = headers.get("content-length", "")
    if promised.isdecimal() and int(promised[:20]) > most:
        raise Refused(413)  # unread: the server passes over what still comes, so the sender hears of it
    parts: list[bytes] = []
    size = counted = 0
    patience = _patience()
    limit = asyncio.timeout(None)
    try:
        async with limit:
            patience.begin(limit)
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Left
                part = message.get("body", b"")
                size += len(part)
                if size > most:
                    raise Refused(413)
                if size > SMALL:
                    if _reading.size + len(part) > MOST_BEING_READ:
                        raise Refused(503, [_RETRY_AFTER])
                    _reading.size += len(part)
                    counted += len(part)
                parts.append(part)
                if not message.get("more_body", False):
                    return parts[0] if len(parts) == 1 else b"".join(parts)
    except TimeoutError:
        raise Refused(
            408, [(b"connection", b"close")], "The body took too long to arrive.", "too_slow"
        ) from None
    finally:
        patience.end(limit)
        _reading.size -= counted


def _envelope(adapter: Adapter, body: bytes) -> tuple[Envelope, str]:
    try:
        return adapter.envelope(body), ""
    except Unreadable as error:
        return Envelope("", "", known=False), f"Unreadable: {error}."[:300]


async def _refuse(send, refused: Refused) -> None:
    code, title, _ = SAYINGS.get(refused.status, ("", "", ""))
    body = error_body(refused.code or code, refused.message or title)
    await answer(send, refused.status, body, refused.headers)
