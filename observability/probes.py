"""ASGI app for `/healthz`, `/readyz` and `/metrics`, beside Django: no session, no cookie, no middleware."""

import secrets

import orjson
from channels.db import database_sync_to_async
from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST

from base.errors import SAYINGS, answer, error_body
from observability import metrics
from observability.readiness import readiness

_NO_STORE = (b"cache-control", b"no-store")
_metrics_text = database_sync_to_async(metrics.text, thread_sensitive=False)


async def probes(scope, receive, send) -> None:
    if scope["method"] not in ("GET", "HEAD"):
        await _refuse(send, 405, [(b"allow", b"GET, HEAD")])
        return
    if scope["method"] == "HEAD":
        send = _headless(send)
    await _APPS[scope["path"].strip("/")](scope, send)


async def healthz(scope, send) -> None:
    """The process answers. It asks nobody."""
    await answer(send, 200, b'{"status":"alive"}', [_NO_STORE])


async def readyz(scope, send) -> None:
    """Everything it needs is there, or what is missing. Open to anybody, so no addresses and no reasons."""
    checks = await readiness().checks()
    shown = {
        check.name: {"ok": check.ok, "ms": check.ms} | ({"problem": check.problem} if check.problem else {})
        for check in checks
    }
    missing = [check.name for check in checks if not check.ok]
    if missing:
        body = error_body("not_ready", f"Not ready: {', '.join(missing)}.", shown)
        await answer(send, 503, body, [_NO_STORE, (b"retry-after", b"2")])
    else:
        await answer(send, 200, orjson.dumps({"status": "ready", "checks": shown}), [_NO_STORE])


async def metrics_page(scope, send) -> None:
    """For who has METRICS_TOKEN. Without that setting there is nothing here."""
    if not settings.METRICS_TOKEN:
        await _refuse(send, 404)
        return
    shown = dict(scope["headers"]).get(b"authorization", b"")
    scheme, _, token = shown.partition(b" ")
    if scheme.lower() != b"bearer" or not secrets.compare_digest(
        token.strip(), settings.METRICS_TOKEN.encode()
    ):
        await _refuse(send, 401, [(b"www-authenticate", b"Bearer")], "Send METRICS_TOKEN as a bearer token.")
        return
    body = await _metrics_text()
    head = [
        (b"content-type", CONTENT_TYPE_LATEST.encode()),
        (b"content-length", str(len(body)).encode()),
        _NO_STORE,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


_APPS = {"healthz": healthz, "readyz": readyz, "metrics": metrics_page}


async def _refuse(
    send, status: int, headers: list[tuple[bytes, bytes]] | None = None, message: str = ""
) -> None:
    code, title, _ = SAYINGS[status]
    await answer(send, status, error_body(code, message or title), headers)


def _headless(send):
    async def headless(message) -> None:
        if message["type"] == "http.response.body":
            message = message | {"body": b""}
        await send(message)

    return headless
