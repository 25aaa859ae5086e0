"""What is kept of a request's headers: enough to find a mistake by, nothing to sign in or to sign with."""

import re
from collections.abc import Iterable
from functools import lru_cache

MOST, LONGEST_NAME, LONGEST_VALUE = 50, 100, 500
STRUCK_OUT = "[not kept]"

_SECRET = re.compile("auth|cookie|token|secret|key|passw|session|credential|jwt|assertion")
# A digest proves nothing without the body, but with body and time it can be sent again: its start is enough.
_DIGEST = re.compile("(?<![0-9A-Za-z+/_-])([0-9A-Za-z+/_-]{8})[0-9A-Za-z+/_-]{16,}={0,2}")
_UNREADABLE = re.compile("[\x00-\x1f\x7f-\x9f]")


@lru_cache(maxsize=1_000)
def _is_secret(name: str) -> bool:
    return bool(_SECRET.search(name))


@lru_cache(maxsize=1_000)
def _is_signature(name: str) -> bool:
    return "signature" in name or "digest" in name


def told(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """A request's headers, names in lower case. What came under one name is joined by commas."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def redacted(headers: dict[str, str]) -> dict[str, str]:
    """What may be kept and shown: the first MOST of them, shortened, secrets struck out."""
    kept: dict[str, str] = {}
    for name, value in headers.items():
        if len(kept) == MOST:
            break
        if _is_secret(name):
            value = STRUCK_OUT
        elif _is_signature(name):
            value = _DIGEST.sub(r"\1…", value)
        if len(value) > LONGEST_VALUE:
            value = value[:LONGEST_VALUE] + "…"
        kept[_readable(name[:LONGEST_NAME])] = _readable(value)
    return kept


def _readable(text: str) -> str:
    return text if text.isascii() and text.isprintable() else _UNREADABLE.sub("\ufffd", text)
