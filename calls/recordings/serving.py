"""A recording's bytes to whoever may hear it: read piece by piece in threads, with no database at hand."""

import asyncio
from collections.abc import AsyncIterator
from typing import IO, Any

from django.core.files.storage import Storage, default_storage
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, http_date

from base.pool import leave_database
from calls.models import Recording
from calls.recordings.ranges import Part, is_known, part_of

PIECE_BYTES = 256 * 1024
ENDINGS = {"audio/wav": "wav", "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/flac": "flac"}


def name_of(recording: Recording) -> str:
    """What it is called once it is downloaded: "Odell 2026-11-20 09.00 4f2a91.wav"."""
    call = recording.call
    who = call.agent.name if call.agent else call.platform
    ending = ENDINGS.get(recording.content_type, "bin")
    return f"{who} {call.started_at:%Y-%m-%d %H.%M} {call.pk.hex[-6:]}.{ending}".replace("/", "-")


def answer(request: HttpRequest, recording: Recording, *, download: bool = False) -> HttpResponseBase:
    """All of it or the part that is asked for. Raises Http404 if we have none."""
    if recording.status != Recording.Status.KEPT:
        raise Http404
    etag = f'"{recording.pk.hex}-{recording.size}"'
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Last-Modified": http_date(recording.fetched_at.timestamp()) if recording.fetched_at else "",
        # Asked again each time, for whoever may hear it today may not tomorrow, and it may be gone.
        "Cache-Control": "private, no-cache",
        "Content-Disposition": content_disposition_header(download, name_of(recording)) or "inline",
        "Vary": "Cookie, Authorization",
    }
    if is_known(request.headers, etag):
        return HttpResponse(status=304, headers=headers)
    part = part_of(recording.size, request.headers, etag)
    if part is None:
        return HttpResponse(
            b" ", status=416, headers=headers | {"Content-Range": f"bytes */{recording.size}"}
        )
    headers["Content-Length"] = str(part.length)
    if not part.whole:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{recording.size}"
    status = 200 if part.whole else 206
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers, content_type=recording.content_type)
    leave_database()
    pieces = _pieces(default_storage, recording.file.name, part)
    return StreamingHttpResponse(pieces, status=status, headers=headers, content_type=recording.content_type)


async def _pieces(storage: Storage, name: str, part: Part) -> AsyncIterator[bytes]:
    source = await asyncio.to_thread(_open, storage, name, part)
    try:
        left = part.length
        while left and (piece := await asyncio.to_thread(source.read, min(PIECE_BYTES, left))):
            left -= len(piece)
            yield piece
    finally:
        await asyncio.to_thread(source.close)


def _open(storage: Any, name: str, part: Part) -> IO[bytes]:
    """At the beginning of the part. A bucket is asked for no more than that."""
    if hasattr(storage, "bucket"):
        found = storage.bucket.Object(f"{storage.location}/{name}".lstrip("/"))
        return found.get(Range=f"bytes={part.first}-{part.last}")["Body"]
    source = storage.open(name, "rb")
    source.seek(part.first)
    return source
