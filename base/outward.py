"""Requests to addresses that somebody typed: only to machines that may be asked (base/addresses.py).

A name is looked up where a connection is opened, every address it has is checked, and the connection goes to
one of those very addresses: a name that leads elsewhere a moment later gains nothing, and neither does a
redirect, which is a connection like any other. The host named in the request and proven by its certificate
stays the one that was typed. A kept connection is not looked up again.

Proxies of the environment are not used: they would look the name up for themselves.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from ipaddress import ip_address
from socket import SOCK_STREAM
from types import ModuleType
from typing import Any

import httpcore
import httpx
from django.conf import settings

from base import addresses
from base.pooled import Pooled

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

HEAD_START_S = 0.25  # of each address over the next one (RFC 8305)
MOST_ADDRESSES = 8  # of one name that are tried; all are checked


async def ask_dns(host: str, port: int) -> list[str]:
    """The addresses of a name, or of a number however it is spelt. Raises OSError or UnicodeError."""
    with suppress(ValueError):
        return [str(ip_address(host))]
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=SOCK_STREAM)
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


def transport(
    library: ModuleType = httpx,
    core: ModuleType = httpcore,
    *,
    limits: Any = None,
    retries: int = 0,
    resolve: Resolve = ask_dns,
    also: Sequence[str] = (),
) -> Any:
    """For an AsyncClient. To it a machine that may not be asked is one that cannot be reached; `refused`
    tells the two apart. The first is slow (certificates): better not made by the loop.

    `also`: hosts of ours that may be asked beside PRIVATE_HOSTS.
    `library` and `core`: httpx with httpcore, or the second edition of both, which the vendors' SDKs use.
    """
    limits = limits or library.Limits(max_connections=100, max_keepalive_connections=20)
    pool = core.AsyncConnectionPool(
        ssl_context=_trusted(library),
        max_connections=limits.max_connections,
        max_keepalive_connections=limits.max_keepalive_connections,
        keepalive_expiry=limits.keepalive_expiry,
        retries=retries,
        network_backend=Checked(core, resolve, also),
    )
    return Pooled(library, core, pool)


@cache
def _trusted(library: ModuleType) -> ssl.SSLContext:
    """The certificates there are. Reading them takes 30 ms of CPU; one context serves any number of pools."""
    return library.create_ssl_context()


def refused(error: BaseException | None) -> str:
    """The host that may not be asked, if that is why a request failed."""
    while error is not None:
        if isinstance(error, addresses.PrivateAddress):
            return str(error)
        error = error.__cause__ or error.__context__
    return ""


class Checked:
    """httpcore's way to the network. Connects to what it has checked, and to nothing else."""

    def __init__(self, core: ModuleType, resolve: Resolve, also: Sequence[str]) -> None:
        self._core, self._resolve, self._also = core, resolve, also
        self._network = core.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  as httpcore has it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Any:
        def connect(address: str) -> Awaitable[Any]:
            return self._network.connect_tcp(address, port, timeout, local_address, socket_options)

        try:
            async with asyncio.timeout(timeout):
                found = await self._resolve(host, port)
                allowed = [*settings.PRIVATE_HOSTS, *self._also]
                addresses.check(addresses.plain(host), port, found, allowed)
                return await _soonest(connect, found[:MOST_ADDRESSES])
        except TimeoutError as error:
            raise self._core.ConnectTimeout(host) from error
        except addresses.PrivateAddress as error:
            raise self._core.ConnectError("The host may not be asked.") from error
        except (OSError, UnicodeError) as error:
            raise self._core.ConnectError("There is no such host.") from error

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


async def _soonest(connect: Callable[[str], Awaitable[Any]], found: Sequence[str]) -> Any:
    """A connection to whichever address takes it first; each is tried a little after the one before it.
    Raises what the last of them to fail raised, OSError if there is none."""
    if len(found) == 1:
        return await connect(found[0])
    failure: Exception = OSError("no address")
    waiting = list(found)
    running: set[asyncio.Future[Any]] = set()
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.ensure_future(connect(waiting.pop(0))))
            patience = HEAD_START_S if waiting else None
            done, _ = await asyncio.wait(running, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            for attempt in done:
                running.discard(attempt)
                try:
                    return attempt.result()
                except Exception as error:
                    failure = error
        raise failure
    finally:
        await _drop(running)


async def _drop(running: Iterable[asyncio.Future[Any]]) -> None:
    """End what came too late, connected or not."""
    for attempt in running:
        attempt.cancel()
    for late in await asyncio.gather(*running, return_exceptions=True):
        if not isinstance(late, BaseException):
            await late.aclose()
