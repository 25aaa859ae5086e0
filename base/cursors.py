"""Opaque positions in a list: the row at the edge of the page shown, and which way to go on from it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from uuid import UUID

from django.core.exceptions import BadRequest
from django.utils.crypto import constant_time_compare, salted_hmac

_SIGNED = 6  # bytes of signature: enough to notice a cursor that was edited or belongs to another list


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


def _signature(body: bytes, scope: str) -> bytes:
    return salted_hmac(f"earshot.cursor:{scope}", body, algorithm="sha256").digest()[:_SIGNED]
