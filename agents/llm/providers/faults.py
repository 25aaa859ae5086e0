"""Vendors' errors in our words: first by the vendor's own code, then by HTTP status."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import httpx2

from agents.llm.errors import ErrorType, ProviderError
from base import outward


class Fault(NamedTuple):
    type: ErrorType
    retryable: bool  # the same request may succeed later
    falls_through: bool  # another model may succeed now


FAULTS = {
    "timeout": Fault("timeout", retryable=True, falls_through=True),
    "connection": Fault("connection", retryable=True, falls_through=True),
    "private_address": Fault("connection", retryable=False, falls_through=True),  # of our own network
    "rate_limited": Fault("rate_limited", retryable=True, falls_through=True),
    "overloaded": Fault("overloaded", retryable=True, falls_through=True),
    "server": Fault("internal", retryable=True, falls_through=True),
    "empty": Fault("internal", retryable=True, falls_through=True),
    "quota": Fault("rate_limited", retryable=False, falls_through=True),
    "auth": Fault("auth", retryable=False, falls_through=True),
    "unknown_model": Fault("internal", retryable=False, falls_through=True),
    # Every model would be asked the same thing, so these stop the chain.
    "invalid_request": Fault("internal", retryable=False, falls_through=False),
    "content_filter": Fault("content_filter", retryable=False, falls_through=False),
    "context_length": Fault("context_length", retryable=False, falls_through=False),
}

# Vendors' `code` or `type` → which fault. What is not here is decided by the status.
CODES = {
    "authentication_error": "auth",
    "invalid_api_key": "auth",
    "permission_error": "auth",
    "account_deactivated": "auth",
    "insufficient_quota": "quota",
    "billing_error": "quota",
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota",
    "enforced_spend_limit_reached": "quota",
    "contract_spend_limit_reached": "quota",
    "rate_limit_exceeded": "rate_limited",
    "rate_limit_error": "rate_limited",
    "overloaded": "overloaded",
    "overloaded_error": "overloaded",
    "server_overloaded": "overloaded",
    "engine_overloaded": "overloaded",
    "timeout_error": "timeout",
    "model_not_found": "unknown_model",
    "not_found_error": "unknown_model",
    "context_length_exceeded": "context_length",
    "request_too_large": "context_length",
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "bio_policy": "content_filter",
    "misalignment_policy_violation": "content_filter",
}

STATUSES = {
    401: "auth",
    402: "quota",
    403: "auth",
    404: "unknown_model",
    408: "timeout",
    409: "server",
    413: "context_length",
    429: "rate_limited",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}

# Said without a code of its own: by Anthropic, and by most servers that speak like OpenAI.
TOO_LONG = ("prompt is too long", "maximum context length", "context length exceeded")


def fault(
    name: str, *, code: str = "", request_id: str = "", retry_after: float | None = None
) -> ProviderError:
    kind = FAULTS[name]
    return ProviderError(
        kind.type,
        code=code or name,
        retryable=kind.retryable,
        falls_through=kind.falls_through,
        retry_after=retry_after,
        request_id=request_id,
    )


def of_answer(
    codes: tuple[str | None, ...],
    status: int | None,
    *,
    message: Any = "",
    headers: Mapping[str, str] | None = None,
    request_id: str | None = None,
) -> ProviderError:
    """The vendor said no. `codes`: its own words for why, best first. `status` None: in mid-stream."""
    said = [code for code in codes if isinstance(code, str) and code]
    name = next((CODES[code] for code in said if code in CODES), None)
    if name is None and isinstance(message, str) and any(words in message.lower() for words in TOO_LONG):
        name = "context_length"
    if name is None:
        # Servers that speak like OpenAI put the status here when the stream was already open.
        number = next((int(code) for code in said if code.isdecimal() and len(code) == 3), status)
        name = _of_status(number)
    code = said[0] if said else f"http_{status}" if status else ""
    return fault(name, code=code, request_id=request_id or "", retry_after=retry_after(headers or {}))


def of_transport(error: Exception) -> ProviderError:
    """The network said no, or what guards ours from it."""
    if isinstance(error, httpx2.TimeoutException):
        return fault("timeout")
    return fault("private_address" if outward.refused(error) else "connection")


def _of_status(status: int | None) -> str:
    if status is None or status == 200:  # an error inside a stream that had begun well
        return "server"
    if status in STATUSES:
        return STATUSES[status]
    return "server" if status >= 500 else "invalid_request"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, where the vendor says so: in milliseconds, in seconds, or as a date."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    try:
        at = parsedate_to_datetime(headers.get("retry-after", "")).astimezone(UTC)
    except (ValueError, OverflowError):  # no date, or one at an end of time
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
