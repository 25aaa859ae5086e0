"""What can go wrong with a platform, one exception for each thing it means."""


class Unreadable(ValueError):
    """What it sent is not what its protocol says. The message names what is wrong, never what was said."""


class BadSignature(ValueError):
    """Its proof is missing, malformed, wrong or too old. The message says which, and repeats none of it."""


class PlatformError(Exception):
    """Its API did not do what we asked. `retryable`: whether asking again later may help."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


class NotThere(PlatformError):
    """It knows nothing by that id, or no such path. `status`: how it said so."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message, retryable=False)
        self.status = status


class Unpublishable(ValueError):
    """What it cannot be given. The message is a sentence for people, and holds no secret."""
