"""A transport of httpx over a connection pool that we made, by public names of httpx and httpcore alone.

httpx makes its pools itself, and has no argument for another network than the usual one.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Self


class Pooled:
    """What an AsyncClient asks of its transport. `library` and `core` are httpx and httpcore, or the second
    edition of both; `pool` is an AsyncConnectionPool of `core`'s."""

    def __init__(self, library: ModuleType, core: ModuleType, pool: Any) -> None:
        self._library, self._core, self._pool = library, core, pool
        # Each edition takes its own kind of stream only.
        self._stream: Any = type("Stream", (_Stream, library.AsyncByteStream), {})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._pool.aclose()

    async def handle_async_request(self, request: Any) -> Any:
        url = request.url
        asked = self._core.Request(
            method=request.method,
            url=self._core.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with self.in_its_words():
            answer = await self._pool.handle_async_request(asked)
        return self._library.Response(
            answer.status,
            headers=answer.headers,
            stream=self._stream(self, answer.stream),
            extensions=answer.extensions,
        )

    @contextmanager
    def in_its_words(self) -> Iterator[None]:
        """What httpcore raises as what httpx does: both call the same by the same name."""
        try:
            yield
        except Exception as error:
            for kind in type(error).__mro__:
                name = kind.__name__
                if getattr(self._core, name, None) is kind and hasattr(self._library, name):
                    raise getattr(self._library, name)(str(error)) from error
            raise


class _Stream:
    """A body as it comes."""

    def __init__(self, transport: Pooled, body: Any) -> None:
        self._transport, self._body = transport, body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._transport.in_its_words():
            async for part in self._body:
                yield part

    async def aclose(self) -> None:
        await self._body.aclose()
