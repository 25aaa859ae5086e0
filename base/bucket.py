"""A bucket that speaks S3 and fails as a folder does, with OSError: whoever keeps files knows no other."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage
from urllib3.exceptions import HTTPError

P = ParamSpec("P")
T = TypeVar("T")

# Somebody waits, or a task that others wait for: a bucket that is silent must fail while they do. Left to
# itself it would take five minutes. Its checksums are Amazon's own: not all that speak S3 take them.
ASKED = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 2},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
NO_SUCH_FILE = ("NoSuchKey", "404")  # where only the head was asked for there is no name of it


def _as_a_folder(method: Callable[P, T]) -> Callable[P, T]:
    @wraps(method)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except (Boto3Error, BotoCoreError, ClientError, HTTPError) as error:
            kind = FileNotFoundError if _named(error) in NO_SUCH_FILE else OSError
            raise kind(f"the bucket failed: {_named(error)}") from error

    return told


def _named(error: Exception) -> str:
    """By its kind alone: its words have addresses in them."""
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    return code or type(error).__name__


class Sent:
    """Bytes of a file as the bucket sends them."""

    def __init__(self, body: Any) -> None:
        self._body = body

    @_as_a_folder
    def read(self, size: int) -> bytes:
        return self._body.read(size)

    def close(self) -> None:
        self._body.close()


class Bucket(S3Storage):
    save: Any = _as_a_folder(S3Storage.save)
    open: Any = _as_a_folder(S3Storage.open)
    exists: Any = _as_a_folder(S3Storage.exists)
    listdir: Any = _as_a_folder(S3Storage.listdir)
    size: Any = _as_a_folder(S3Storage.size)

    def get_default_settings(self) -> dict[str, Any]:
        return super().get_default_settings() | {"client_config": ASKED}

    @_as_a_folder
    def read_from(self, name: str, first: int, last: int | None) -> Sent:
        """The bytes from `first` to `last`, and no others are asked for. What is opened is read whole, into
        memory."""
        until = "" if last is None else last
        found = self.bucket.Object(self._normalize_name(name)).get(Range=f"bytes={first}-{until}")
        return Sent(found["Body"])

    @_as_a_folder
    def delete(self, name: str) -> None:
        """What is not there does no harm; Google says so, Amazon does not. A bucket that is not there fails:
        nothing was deleted."""
        try:
            self.bucket.Object(self._normalize_name(name)).delete()
        except ClientError as error:
            if _named(error) != "NoSuchKey":
                raise
