"""Columns of rows as PostgreSQL's binary arrays, put together in one go.

psycopg asks of every single value what it is, which costs more than all else we do for a delivery.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from psycopg import pq
from psycopg.adapt import Dumper

_HEAD = struct.Struct(">iiIii")  # dimensions, whether there are nulls, type, length, first index
_LENGTH = struct.Struct(">i")
_INT8 = struct.Struct(">q")
_INT4 = struct.Struct(">i")
_NULL = _LENGTH.pack(-1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BYTEA, _INT, _TEXT, _TIME, _UUID, _JSONB = 17, 23, 25, 1184, 2950, 3802


class Packed(bytes):
    """A parameter that is encoded already. Its type is the one the statement casts it to."""


class PackedDumper(Dumper):
    format = pq.Format.BINARY

    def dump(self, obj: Packed) -> Packed:
        return obj


def uuids(values: Sequence[bytes]) -> Packed:
    return _array(_UUID, values)


def texts(values: Iterable[str]) -> Packed:
    """Raises UnicodeEncodeError if one cannot be written; PostgreSQL itself refuses NUL."""
    return _array(_TEXT, [value.encode() for value in values])


def blobs(values: Sequence[bytes]) -> Packed:
    return _array(_BYTEA, values)


def jsons(values: Iterable[bytes]) -> Packed:
    """JSON as bytes."""
    return _array(_JSONB, [b"\x01" + value for value in values])


def times(values: Iterable[datetime | None]) -> Packed:
    return _array(_TIME, [value and _INT8.pack((value - _EPOCH) // _MICROSECOND) for value in values])


def integers(values: Iterable[int]) -> Packed:
    return _array(_INT, [_INT4.pack(value) for value in values])


def _array(oid: int, values: Sequence[bytes | None]) -> Packed:
    parts: list[bytes] = [_HEAD.pack(1, None in values, oid, len(values), 1)]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            parts += (_LENGTH.pack(len(value)), value)
    return Packed(b"".join(parts))
