"""Arrays as we pack them are arrays as PostgreSQL reads them."""

import uuid
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection as database

from webhooks import packing
from webhooks.packing import Packed, PackedDumper

IDS = [uuid.UUID(int=1), uuid.UUID(int=2**128 - 1)]
TIMES = [datetime(2026, 11, 21, 12, 30, 15, 123456, tzinfo=UTC), None, datetime(1970, 1, 1, tzinfo=UTC)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "packed", "values"),
    [
        ("uuid[]", packing.uuids([each.bytes for each in IDS]), IDS),
        ("text[]", packing.texts(["", "naïve", "\U0001f600"]), ["", "naïve", "\U0001f600"]),
        ("bytea[]", packing.blobs([b"", b"\x00\xff"]), [b"", b"\x00\xff"]),
        ("jsonb[]", packing.jsons([b'{"a": [1, "\xc3\xa9"]}', b"{}"]), [{"a": [1, "é"]}, {}]),
        ("timestamptz[]", packing.times(TIMES), TIMES),
        ("int[]", packing.integers([0, -1, 2**31 - 1]), [0, -1, 2**31 - 1]),
    ],
)
def test_what_is_packed_is_what_is_read(kind, packed, values):
    params = database.get_connection_params()
    keep = {name: value for name, value in params.items() if name not in ("context", "cursor_factory")}
    with psycopg.connect(**keep) as line:
        line.adapters.register_dumper(Packed, PackedDumper)
        [read] = line.execute(f"SELECT %b::{kind}", [packed], binary=True).fetchone()

    assert read == values


def test_what_cannot_be_written_is_refused_at_once():
    with pytest.raises(UnicodeEncodeError):
        packing.texts(["\ud800"])
