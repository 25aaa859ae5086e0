"""An export's bytes to whoever may have them: its parts one behind the other, with no database at hand."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from django.core.files.storage import default_storage
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

from base.pool import leave_database
from calls.models import Export

PIECE_BYTES = 256 * 1024
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


def headers_of(form: str, at) -> dict[str, str]:
    return {
        "Content-Disposition": content_disposition_header(True, f"calls {at:%Y-%m-%d %H.%M}.{form}") or "",
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }


def answer(export: Export) -> StreamingHttpResponse:
    headers = headers_of(export.format, export.created_at) | {"Content-Length": str(export.size)}
    leave_database()
    return StreamingHttpResponse(_parts(export.files), headers=headers, content_type=TYPES[export.format])


def at_once(pieces: Sequence[bytes], form: str) -> HttpResponse:
    """A short list."""
    return HttpResponse(b"".join(pieces), headers=headers_of(form, timezone.now()), content_type=TYPES[form])


async def _parts(names: Sequence[str]) -> AsyncIterator[bytes]:
    for name in names:
        source = await asyncio.to_thread(default_storage.open, name, "rb")
        try:
            while piece := await asyncio.to_thread(source.read, PIECE_BYTES):
                yield piece
        finally:
            await asyncio.to_thread(source.close)
