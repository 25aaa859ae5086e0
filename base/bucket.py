"""A bucket that speaks S3 and fails as a folder does, with OSError: whoever keeps files knows no other."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

P = ParamSpec("P")
T = TypeVar("T")


def _as_a_folder(method: Callable[P, T]) -> Callable[P, T]:
    @wraps(method)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except (Boto3Error, BotoCoreError, ClientError) as error:
            raise OSError(f"the bucket failed: {_named(error)}") from error

    return told


def _named(error: Exception) -> str:
    """By its kind alone: its words have addresses in them."""
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    return code or type(error).__name__


class Bucket(S3Storage):
    save: Any = _as_a_folder(S3Storage.save)
    open: Any = _as_a_folder(S3Storage.open)
    delete: Any = _as_a_folder(S3Storage.delete)
    exists: Any = _as_a_folder(S3Storage.exists)
    listdir: Any = _as_a_folder(S3Storage.listdir)
    size: Any = _as_a_folder(S3Storage.size)
