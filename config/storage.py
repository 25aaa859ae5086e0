"""Where files are kept: in a folder, or in a bucket that speaks S3."""

from pathlib import Path
from typing import Any

from config.env import BadSetting, read

# Of the folder. Nobody else on the machine has anything to look for in what callers said.
_OURS_ALONE = {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}


def storages(home: Path) -> dict[str, Any]:
    """Django's STORAGES. Raises BadSetting."""
    return {
        "default": _bucket(read("MEDIA_STORAGE")) or _folder(home),
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def _folder(home: Path) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": home / "media", "base_url": None, **_OURS_ALONE},
    }


def _bucket(address: str) -> dict[str, Any] | None:
    if not address:
        return None
    bucket, _, folder = address.removeprefix("s3://").partition("/")
    key, secret = read("MEDIA_ACCESS_KEY_ID"), read("MEDIA_SECRET_ACCESS_KEY")
    if bool(key) != bool(secret):
        missing = "MEDIA_SECRET_ACCESS_KEY" if key else "MEDIA_ACCESS_KEY_ID"
        raise BadSetting(f"{missing} is not set; set both, or neither where the machine has a role.")
    return {
        "BACKEND": "base.bucket.Bucket",
        "OPTIONS": {
            "bucket_name": bucket,
            "location": folder,
            "endpoint_url": read("MEDIA_ENDPOINT_URL") or None,
            "region_name": read("MEDIA_REGION") or None,
            "access_key": key or None,
            "secret_key": secret or None,
            "default_acl": None,  # the bucket's own: private
            "file_overwrite": True,  # a name is used for one thing only
            "querystring_auth": True,
        },
    }
