"""Calls that were removed for good are known again by a keyed hash, and not taken in a second time.

The key is the workspace's own and encrypted, so the hashes say nothing to whoever has the tables alone.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID

from accounts.models import Privacy
from calls.models import Tombstone


class CallErased(Exception):
    """This call was removed for good: nothing is recorded of it any more."""


def lay(workspace_id: UUID, at_platform: Iterable[tuple[str, str]]) -> None:
    """Have these calls, by platform and id there, known again. Within the transaction that removes them."""
    key = _key(workspace_id)
    Tombstone.objects.bulk_create(
        [Tombstone(workspace_id=workspace_id, digest=_digest(key, *one)) for one in sorted(at_platform)],
        ignore_conflicts=True,
    )


def is_erased(workspace_id: UUID, platform: str, platform_call_id: str) -> bool:
    """Whether the call was here and was removed for good."""
    key = _known_key(workspace_id)
    if not key:
        return False
    digest = _digest(key, platform, platform_call_id)
    return Tombstone.objects.for_workspace(workspace_id).filter(digest=digest).exists()


def _digest(key: str, platform: str, platform_call_id: str) -> str:
    return hmac.new(key.encode(), f"{platform}:{platform_call_id}".encode(), hashlib.sha256).hexdigest()


def _key(workspace_id: UUID) -> str:
    """The workspace's, made when it is first needed."""
    privacy, _ = Privacy.objects.get_or_create(workspace_id=workspace_id)
    if not privacy.key:
        # Locked: two that are first must agree.
        privacy = Privacy.objects.select_for_update().get(pk=privacy.pk)
    if not privacy.key:
        privacy.key = secrets.token_urlsafe(32)
        privacy.save(update_fields=["key"])
    return privacy.key


def _known_key(workspace_id: UUID) -> str:
    """It never changes, so it is read once. That there is none yet is not remembered."""
    try:
        return _kept_key(workspace_id)
    except LookupError:
        return ""


@lru_cache(maxsize=256)
def _kept_key(workspace_id: UUID) -> str:
    key = Privacy.objects.for_workspace(workspace_id).values_list("key", flat=True).first()
    if not key:
        raise LookupError
    return key
