"""A recording's bytes to whoever may hear it, whole or in part."""

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, http_date

from base.files import Sending, refused
from calls.models import Recording
from calls.recordings.ranges import is_known, part_of

ENDINGS = {"audio/wav": "wav", "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/flac": "flac"}


def name_of(recording: Recording) -> str:
    """What it is called once it is downloaded: "Odell 2026-11-20 09.00 4f2a91.wav"."""
    call = recording.call
    who = call.agent.name if call.agent else call.platform
    ending = ENDINGS.get(recording.content_type, "bin")
    return f"{who} {call.started_at:%Y-%m-%d %H.%M} {call.pk.hex[-6:]}.{ending}".replace("/", "-")


def answer(request: HttpRequest, recording: Recording, *, download: bool = False) -> HttpResponseBase:
    """All of it or the part that is asked for; 503 while the storage is away. Raises Http404 if we have
    none."""
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
    try:
        sound = Sending([recording.file.name], part.first, part.last)
    except OSError as error:
        return refused(request, error)
    return StreamingHttpResponse(sound, status=status, headers=headers, content_type=recording.content_type)
