"""What is kept of a request's headers: enough to find a mistake by, nothing to sign in or to sign with."""

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache

MOST, LONGEST_NAME, LONGEST_VALUE = 50, 100, 500
LONGEST_REMEMBERED = 200
STRUCK_OUT = "[not kept]"

_SECRET = re.compile("auth|cookie|token|secret|key|passw|session|credential|jwt|assertion")
_SIGNATURE = re.compile("signature|digest")
# With its body and time it could be sent again while it is fresh; its beginning is enough to compare.
_PROOF = re.compile("(?<=[0-9A-Za-z+/_-]{8})[0-9A-Za-z+/_-]{16,}={0,2}")
_UNKEEPABLE = re.compile("[\x00-\x1f\x7f-\x9f]")


class Sort(Enum):
    PLAIN, SECRET, SIGNATURE = range(3)


def read(headers: Iterable[tuple[bytes, bytes]]) -> tuple[dict[str, str], dict[str, str]]:
    """A request's headers: all of them as they came, and what may be kept and shown.

    Names are in lower case, and what came twice under one name is joined by a comma. At most MOST are kept,
    shortened, secrets struck out, and nothing that PostgreSQL refuses.
    """
    told: dict[str, str] = {}
    kept: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, kept_name, sort = (_named if len(raw_name) < LONGEST_NAME else _name)(raw_name)
        if sort is Sort.PLAIN and len(raw_value) < LONGEST_REMEMBERED:
            value, keepable = _plain(raw_value)
        else:
            value = raw_value.decode("latin-1")
            keepable = _keepable(value, sort)
        if name in told:
            told[name] += f", {value}"
            if kept_name in kept:
                kept[kept_name] = _shortened(f"{kept[kept_name]}, {keepable}")
        else:
            told[name] = value
            if len(kept) < MOST:
                kept[kept_name] = keepable
    return told, kept


def _name(raw: bytes) -> tuple[str, str, Sort]:
    """A header's name in lower case, as it may be kept, and what its values are."""
    name = raw.decode("latin-1").lower()
    sort = Sort.SECRET if _SECRET.search(name) else Sort.SIGNATURE if _SIGNATURE.search(name) else Sort.PLAIN
    return name, _UNKEEPABLE.sub("\ufffd", name[:LONGEST_NAME]), sort


_named = lru_cache(maxsize=500)(_name)  # platforms send the same few again and again


def _keepable(value: str, sort: Sort) -> str:
    if sort is Sort.SECRET:
        return STRUCK_OUT
    kept = _shortened(_PROOF.sub("…", value) if sort is Sort.SIGNATURE else value)
    return kept if kept.isprintable() else _UNKEEPABLE.sub("\ufffd", kept)


def _shortened(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else value[:LONGEST_VALUE] + "…"


@lru_cache(maxsize=500)  # nor do the values change much, but for what is signed, and that is never kept here
def _plain(raw: bytes) -> tuple[str, str]:
    value = raw.decode("latin-1")
    return value, _keepable(value, Sort.PLAIN)
