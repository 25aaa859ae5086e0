"""What can go wrong at a model provider, in our words."""

import re
from typing import Any, Literal

ErrorType = Literal[
    "timeout",
    "rate_limited",
    "overloaded",
    "content_filter",
    "context_length",
    "auth",
    "connection",
    "budget_exceeded",
    "interrupted",
    "internal",
]

MESSAGES: dict[str, str] = {
    "timeout": "The model took too long to answer.",
    "rate_limited": "The model provider is limiting our requests.",
    "overloaded": "The model provider is overloaded.",
    "content_filter": "The model provider refused to answer this.",
    "context_length": "The conversation no longer fits the model.",
    "auth": "The model provider does not accept our key.",
    "connection": "The connection to the model provider broke.",
    "internal": "The model could not answer.",
}

# What looks like a code, or a status. Anything else that a vendor says in its place may quote a caller.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}|[0-9]{3}")
_REQUEST_ID = re.compile(r"[!-~]{1,120}")


class ProviderError(Exception):
    """One attempt at one model failed.

    `code` is the vendor's own word for it, for logs and the record; the vendor's sentence is never kept,
    because it may quote what a caller said. What does not look like a code is "other".
    """

    def __init__(
        self,
        type: ErrorType,
        message: str = "",
        *,
        code: str = "",
        retryable: bool = False,
        falls_through: bool = False,
        retry_after: float | None = None,
        request_id: str = "",
    ) -> None:
        self.type: ErrorType = type
        self.message = message or MESSAGES[type]
        self.code = code if not code or _CODE.fullmatch(code) else "other"
        self.retryable = retryable  # the same request may succeed if it is made again later
        self.falls_through = falls_through  # another model may succeed now
        self.retry_after = retry_after  # seconds, where the vendor said
        self.request_id = request_id_of(request_id)  # the vendor's, for their support
        super().__init__(f"{type} ({self.code})" if code else type)


def request_id_of(said: Any) -> str:
    """A vendor's id of a request, or nothing where it does not look like one."""
    return said if isinstance(said, str) and _REQUEST_ID.fullmatch(said) else ""
