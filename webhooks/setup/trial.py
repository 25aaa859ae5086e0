"""A test delivery: signed as the platform would, sent to the public address, and what came back."""

import json
import logging
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from base.ids import uuid7
from base.pool import leave_database
from platforms.adapters import ADAPTERS
from platforms.models import Connection
from webhooks.setup.checklist import TEST

logger = logging.getLogger(__name__)

EVERY_S = 5  # one test of a connection in so long
TIMEOUT = httpx.Timeout(5, connect=3)
_LONGEST_S = 10  # the whole answer; the timeouts above are for each read
_MOST_READ = 4_096

# What an answer other than ours means.
_MEANS = {
    401: "The address answers, but does not accept this secret. After a rotation a server takes up to 5 s to "
    "learn of it: try again. Otherwise EARSHOT_URL leads to another Earshot.",
    404: "Something answers there, but knows no such connection. EARSHOT_URL leads to another site, or the "
    "proxy in front does not pass /webhooks/ on.",
    503: "Earshot is overloaded, or its database is away. Platforms try again by themselves.",
}
_STRANGE = "That is not what Earshot says: look at the proxy in front of it."


class TooSoon(Exception):
    """Another test of this connection has just been sent."""


@dataclass(frozen=True, slots=True)
class Result:
    ok: bool
    said: str  # what came back, in a sentence
    means: str  # what to make of it


def address(connection: Connection) -> str:
    """Where the platform is to send its webhooks."""
    return f"{settings.EARSHOT_URL}/webhooks/{connection.platform}/{connection.pk}"


def send(connection: Connection, timeout: httpx.Timeout = TIMEOUT) -> Result:
    """Post one signed test to the public address and say what came back. Takes up to 10 s; a thread's work.

    The delivery is kept like any other and says nothing about a call. Raises TooSoon.
    """
    if not cache.add(f"setup-trial:{connection.pk}", 1, timeout=EVERY_S):
        raise TooSoon
    now = timezone.now()
    # Its id makes it another body each time, so it is never taken for a repeated one.
    body = json.dumps({"event": TEST, "id": str(uuid7()), "sent_at": now.isoformat()}).encode()
    headers = ADAPTERS[connection.platform].sign(body, connection.webhook_secret, now)
    leave_database()
    began = time.monotonic()
    try:
        status, answer = _post(address(connection), body, headers, timeout)
    except httpx.HTTPError as error:
        logger.info("test delivery to connection %s: %s", connection.pk, type(error).__name__)
        return _unreachable(error, timeout)
    ms = round((time.monotonic() - began) * 1_000)
    logger.info("test delivery to connection %s: %s in %s ms", connection.pk, status, ms)
    return _answered(status, answer, ms)


def _post(url: str, body: bytes, proof: dict[str, str], timeout: httpx.Timeout) -> tuple[int, bytes]:
    headers = {**proof, "Content-Type": "application/json"}
    # Platforms follow no redirects and use no proxy of ours, so the test does neither.
    with (
        httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False) as client,
        client.stream("POST", url, content=body, headers=headers) as response,
    ):
        read, until = b"", time.monotonic() + _LONGEST_S
        for piece in response.iter_raw(_MOST_READ):
            read += piece
            if len(read) >= _MOST_READ or time.monotonic() > until:
                break
        return response.status_code, read


def _answered(status: int, answer: bytes, ms: int) -> Result:
    if status == 200 and _is_ours(answer):
        return Result(
            True,
            f"Accepted in {ms} ms.",
            "The address, the secret and the signature work. It is kept as a delivery, and is no call.",
        )
    if status == 200:
        return Result(False, f"Something answered 200 in {ms} ms, but it is not Earshot.", _STRANGE)
    if 300 <= status < 400:
        means = "Platforms follow no redirects. Set EARSHOT_URL to the address this one leads to."
        return Result(False, f"Answered {status} in {ms} ms: a redirect.", means)
    return Result(False, f"Answered {status} in {ms} ms.", _MEANS.get(status, _STRANGE))


def _is_ours(answer: bytes) -> bool:
    try:
        return json.loads(answer).get("status") == "accepted"
    except (ValueError, AttributeError):
        return False


def _unreachable(error: httpx.HTTPError, timeout: httpx.Timeout) -> Result:
    where = urlsplit(settings.EARSHOT_URL).netloc
    causes = list(_causes(error))
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    means = "Check EARSHOT_URL, and that a proxy listens there."
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Result(
            False, f"{where} is not a name that can be found (DNS).", "Check EARSHOT_URL for a slip."
        )
    if tls is not None:
        why = getattr(tls, "verify_message", "") or tls.reason or "the handshake failed"
        return Result(False, f"TLS failed at {where}: {why}.", "Platforms refuse such a certificate too.")
    if isinstance(error, httpx.ConnectTimeout):
        means = "A firewall may drop what comes in. Platforms need to reach this address from outside."
        return Result(False, f"No connection to {where} within {timeout.connect:g} s.", means)
    if isinstance(error, httpx.TimeoutException):
        means = "The connection stands, but nobody answers: look at the proxy and the web process."
        return Result(False, f"{where} gave no answer within {timeout.read:g} s.", means)
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return Result(False, f"Nothing listens at {where}: the connection was refused.", means)
    return Result(False, f"The connection to {where} broke before an answer.", means)


def _causes(error: BaseException | None):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
