"""Text from outside, made safe to keep."""

import json
import math
import re
from typing import Any

import orjson

from platforms.errors import Unreadable

# PostgreSQL refuses NUL in text and lone surrogates in anything; both can be spelled in otherwise good JSON.
UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


# What a JSON number may be on every wire of ours. Python reads longer ones, and NaN, from JSON that has them.
LEAST, MOST = -(2**63), 2**64 - 1
# Nobody's data is deeper. What is nothing but brackets would exhaust the stack of everything that walks it.
DEEPEST = 64


def read(body: bytes) -> Any:
    """JSON from outside, as it came: whoever keeps any of it cleans that first. Raises Unreadable."""
    try:
        return json.loads(body.decode())
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    except json.JSONDecodeError:
        raise Unreadable("not JSON") from None
    except ValueError:
        raise Unreadable("a number longer than Python reads") from None
    except RecursionError:
        raise Unreadable("nested too deep") from None


def glance(body: bytes) -> Any:
    """The same at a quarter of the cost, for whoever looks at names only: long numbers lose digits here."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return read(body)


def clean(value: Any, depth: int = 0) -> Any:
    """The same JSON value with NULs and lone surrogates replaced by U+FFFD, keys included.

    A whole number too long for others to read keeps its digits, as text; NaN and the infinities become null.
    What is nested deeper than DEEPEST becomes null too.
    """
    if isinstance(value, str):
        # What is plain is most of it, and costs next to nothing to know.
        return value if value.isascii() and "\x00" not in value else UNKEEPABLE.sub("\ufffd", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if LEAST <= value <= MOST else str(value)
    if isinstance(value, list | dict) and depth > DEEPEST:
        return None
    if isinstance(value, list):
        return [clean(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item, depth + 1) for key, item in value.items()}
    return value
