"""What can go wrong at a model provider, in our words."""

from typing import Literal

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


class ProviderError(Exception):
    """One attempt at one model failed.

    `code` is the vendor's own word for it, for logs and the record; the vendor's sentence is never kept,
    because it may quote what a caller said.
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
        self.code = code
        self.retryable = retryable  # the same request may succeed if it is made again later
        self.falls_through = falls_through  # another model may succeed now
        self.retry_after = retry_after  # seconds, where the vendor said
        self.request_id = request_id  # the vendor's, for their support
        super().__init__(f"{type} ({code})" if code else type)
