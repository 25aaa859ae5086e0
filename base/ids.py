"""Identifiers. UUIDv7: ordered by time of making, so indexes stay tight and a list by id is a list by age."""

from uuid import UUID

from uuid_utils.compat import uuid7

__all__ = ["UUID", "uuid7"]
