"""What is kept in the storage, on its way to whoever may have it: read piece by piece in threads, with no
database at hand."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse

from base.errors import error_response
from base.pool import leave_database

logger = logging.getLogger(__name__)

PIECE_BYTES = 256 * 1024
AGAIN_SECONDS = 10


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


class Sending:
    """Files one behind the other, or a part of one, for a StreamingHttpResponse, which closes it. The first
    is opened at once, so that what cannot be read is refused before an answer has begun. Raises OSError."""

    def __init__(self, names: Sequence[str], first: int = 0, last: int | None = None) -> None:
        self._left = None if last is None else last - first + 1
        self._rest = iter(names)
        leave_database()
        name = next(self._rest, None)
        self._source = None if name is None else _opened(name, first, last)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while self._source is not None:
                while piece := await asyncio.to_thread(self._read):
                    yield piece
                await asyncio.to_thread(self.close)
                name = next(self._rest, None)
                self._source = None if name is None else await asyncio.to_thread(_opened, name)
        finally:  # Django does not, where sending has failed
            self.close()

    def _read(self) -> bytes:
        size = PIECE_BYTES if self._left is None else min(PIECE_BYTES, self._left)
        piece = self._source.read(size) if size else b""
        if self._left is not None:
            self._left -= len(piece)
        return piece

    def close(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None


def _opened(name: str, first: int = 0, last: int | None = None) -> Readable:
    storage: Any = default_storage
    if hasattr(storage, "read_from"):  # a bucket
        return storage.read_from(name, first, last)
    source = storage.open(name, "rb")
    source.seek(first)
    return source


def refused(request: HttpRequest, error: OSError) -> HttpResponse:
    """The answer where the storage has failed: 404 if it lacks the file, else 503."""
    logger.warning("%s: the storage failed: %s", request.path, error)
    if isinstance(error, FileNotFoundError):
        return error_response(
            request, 404, "It was kept, and the storage has it no more.", "The file is gone"
        )
    response = error_response(
        request, 503, "Try again in a moment.", "The storage that files are kept in does not answer"
    )
    response["Retry-After"] = str(AGAIN_SECONDS)
    return response
