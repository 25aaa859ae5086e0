"""What is kept of a request's headers: enough to find a mistake by, nothing to sign in or to sign with."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

MOST, LONGEST_NAME, LONGEST_VALUE = 50, 100, 500
STRUCK_OUT = "[not kept]"

_SECRET = re.compile("auth|cookie|token|secret|key|passw|session|credential|jwt|assertion")
_SIGNATURE = re.compile("signature|digest")
# With its body and time it could be sent again while it is fresh; its beginning is enough to compare.
_PROOF = re.compile("([0-9A-Za-z+/_-]{8})[0-9A-Za-z+/_-]{16,}={0,2}")
_UNKEEPABLE = re.compile("[\x00-\x1f\x7f-\x9f]")
_SHORT = 100  # platforms say the same again and again; only what is short is remembered


class Header(NamedTuple):
    name: str  # lower case
    value: str
    kept_name: str
    kept_value: str


def read(headers: Iterable[tuple[bytes, bytes]]) -> tuple[dict[str, str], dict[str, str]]:
    """A request's headers: all of them as they came, and what may be kept and shown.

    Names are in lower case, and what came twice under one name is joined by a comma. At most MOST are kept,
    shortened, secrets struck out, and nothing that PostgreSQL refuses.
    """
    told: dict[str, str] = {}
    kept: dict[str, str] = {}
    for raw_name, raw_value in headers:
        short = len(raw_value) < _SHORT and len(raw_name) < _SHORT
        header = _remembered(raw_name, raw_value) if short else _header(raw_name, raw_value)
        if header.name in told:
            told[header.name] += f", {header.value}"
            if header.kept_name in kept:
                kept[header.kept_name] = _shortened(f"{kept[header.kept_name]}, {header.kept_value}")
        else:
            told[header.name] = header.value
            if len(kept) < MOST:
                kept[header.kept_name] = header.kept_value
    return told, kept


def _header(raw_name: bytes, raw_value: bytes) -> Header:
    name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
    kept = value
    if _SECRET.search(name):
        kept = STRUCK_OUT
    elif _SIGNATURE.search(name):
        kept = _PROOF.sub(r"\1…", value)
    return Header(
        name,
        value,
        _UNKEEPABLE.sub("\ufffd", name[:LONGEST_NAME]),
        _UNKEEPABLE.sub("\ufffd", _shortened(kept)),
    )


_remembered = lru_cache(maxsize=2_000)(_header)


def _shortened(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else value[:LONGEST_VALUE] + "…"
