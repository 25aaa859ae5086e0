"""Serves static files beside Django, from memory: no collectstatic, the same under every server.

An address is `/static/<version>/<name>`. The version is one for all files, so relative imports between
ES modules name the same module as the import map does. Any version is answered with the current file:
a page drawn just before an update still gets its parts, but only the current version may be kept for ever.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders

from base.errors import SAYINGS, answer, error_body

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("image/svg+xml", ".svg")
_TEXT = ("text/", "image/svg+xml", "application/json")
_KEEP = b"public, max-age=31536000, immutable"
_ASK = b"no-cache"


@dataclass(frozen=True, slots=True)
class File:
    kind: str
    plain: bytes
    packed: bytes  # gzip, or empty where that saves nothing
    etag: bytes


@lru_cache(maxsize=1024)
def _load(path: str, changed_at: int) -> File:
    plain = Path(path).read_bytes()
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    packed = gzip.compress(plain, mtime=0) if kind.startswith(_TEXT) else b""
    etag = b'"' + hashlib.sha256(plain).hexdigest()[:16].encode() + b'"'
    kind += "; charset=utf-8" if kind.startswith("text/") else ""
    return File(kind, plain, packed if len(packed) < len(plain) else b"", etag)


def _list() -> dict[str, str]:
    """Name → path of every static file. Only what is listed is served, so a name cannot climb out."""
    found: dict[str, str] = {}
    for finder in finders.get_finders():
        for path, storage in finder.list([]):
            prefix = getattr(storage, "prefix", None)
            found.setdefault(f"{prefix}/{path}" if prefix else path, storage.path(path))
    return found


_listed = lru_cache(maxsize=1)(_list)


def find(name: str) -> File | None:
    """The file of that name, or None. With DEBUG it is looked for and read anew each time."""
    path = (_list() if settings.DEBUG else _listed()).get(name)
    if path is None:
        return None
    return _load(path, Path(path).stat().st_mtime_ns if settings.DEBUG else 0)


async def static_app(scope, receive, send) -> None:
    """ASGI app for `/static/<version>/<name>`."""
    if scope["method"] not in ("GET", "HEAD"):
        code, title, _ = SAYINGS[405]
        await answer(send, 405, error_body(code, title), [(b"allow", b"GET, HEAD")])
        return
    version, _, name = scope["path"].removeprefix("/static/").partition("/")
    file = find(name)
    if file is None:
        code, title, _ = SAYINGS[404]
        await answer(send, 404, error_body(code, title))
        return
    current = version == settings.STATIC_VERSION and not settings.DEBUG
    await _send(scope, send, file, _KEEP if current else _ASK)


async def _send(scope, send, file: File, keeping: bytes) -> None:
    asked = dict(scope["headers"])
    head = [
        (b"content-type", file.kind.encode()),
        (b"cache-control", keeping),
        (b"etag", file.etag),
        (b"vary", b"accept-encoding"),
        (b"x-content-type-options", b"nosniff"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]
    if asked.get(b"if-none-match") == file.etag:
        await send({"type": "http.response.start", "status": 304, "headers": head})
        await send({"type": "http.response.body", "body": b""})
        return
    body = file.plain
    if file.packed and b"gzip" in asked.get(b"accept-encoding", b""):
        body = file.packed
        head.append((b"content-encoding", b"gzip"))
    head.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body if scope["method"] == "GET" else b""})
