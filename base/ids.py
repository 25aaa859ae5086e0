"""Identifiers. UUIDv7: ordered by time of making, so indexes stay tight and a list by id is a list by age."""

from uuid import UUID

from uuid_utils.compat import uuid7

__all__ = ["UUID", "first_uuid7", "uuid7"]


def first_uuid7(ms: int) -> UUID:
    """The smallest UUIDv7 of that millisecond since 1970: where a list by id begins at a time."""
    return UUID(int=min(max(ms, 0), 2**48 - 1) << 80)
