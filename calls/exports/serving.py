"""An export's bytes to whoever may have them: its parts one behind the other."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header

from base.files import Sending, refused
from calls.models import Export

TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


def headers_of(form: str, at) -> dict[str, str]:
    return {
        "Content-Disposition": content_disposition_header(True, f"calls {at:%Y-%m-%d %H.%M}.{form}") or "",
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }


def answer(request: HttpRequest, export: Export) -> HttpResponseBase:
    """503 while the storage is away, 404 if it has the file no more."""
    headers = headers_of(export.format, export.created_at) | {"Content-Length": str(export.size)}
    try:
        parts = Sending(export.files)
    except OSError as error:
        return refused(request, error)
    return StreamingHttpResponse(parts, headers=headers, content_type=TYPES[export.format])


def at_once(pieces: Sequence[bytes], form: str) -> HttpResponse:
    """A short list."""
    return HttpResponse(b"".join(pieces), headers=headers_of(form, timezone.now()), content_type=TYPES[form])
