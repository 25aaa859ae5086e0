"""Opaque positions in a newest-first list. UUIDv7 keys order by age, so a position is the last key shown."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare, salted_hmac

_SIGNED = 6  # bytes of signature: enough to notice a cursor that was edited or belongs to another list


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of a list: `newer` and `older` are cursors, or empty where the list ends that way."""

    items: Sequence[Any]
    newer: str = ""
    older: str = ""


def make_cursor(row_id: UUID, towards: str, scope: str) -> str:
    """`towards` is "older" or "newer"; `scope` names the list (workspace, filters), so cursors do not mix."""
    body = towards[:1].encode() + row_id.bytes
    return urlsafe_b64encode(body + _signature(body, scope)).rstrip(b"=").decode()


def read_cursor(cursor: str, scope: str) -> tuple[UUID, str]:
    """The row and direction of a cursor. Raises BadRequest (400) for anything make_cursor() did not make."""
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (UnicodeEncodeError, BadBase64) as error:
        raise BadRequest("bad cursor") from error
    body, signature = raw[:-_SIGNED], raw[-_SIGNED:]
    if len(body) != 17 or not constant_time_compare(signature, _signature(body, scope)):
        raise BadRequest("bad cursor")
    return UUID(bytes=body[1:]), "older" if body[:1] == b"o" else "newer"


def newest_first(rows: QuerySet, *, cursor: str, limit: int, scope: str) -> Slice:
    """The page of `rows` at `cursor` (the newest page without one), newest first, at most `limit` items.

    Each page is one index range: page 400 costs what page 1 costs, and new rows shift nothing.
    """
    row_id, towards = read_cursor(cursor, scope) if cursor else (None, "older")
    if towards == "newer":
        found = list(rows.filter(pk__gt=row_id).order_by("pk")[: limit + 1])
        more, items = len(found) > limit, found[:limit][::-1]
        newer, older = more, bool(items)
    else:
        older_rows = rows.filter(pk__lt=row_id) if row_id else rows
        found = list(older_rows.order_by("-pk")[: limit + 1])
        more, items = len(found) > limit, found[:limit]
        newer, older = row_id is not None, more
    if not items:
        return Slice([], newer="", older="")
    return Slice(
        items,
        newer=make_cursor(items[0].pk, "newer", scope) if newer else "",
        older=make_cursor(items[-1].pk, "older", scope) if older else "",
    )


def _signature(body: bytes, scope: str) -> bytes:
    return salted_hmac(f"earshot.cursor:{scope}", body, algorithm="sha256").digest()[:_SIGNED]
