"""Text from outside, made safe to keep."""

import math
import re
from typing import Any

# PostgreSQL refuses NUL in text and lone surrogates in anything; both can be spelled in otherwise good JSON.
UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


# What a JSON number may be on every wire of ours. Python reads longer ones, and NaN, from JSON that has them.
LEAST, MOST = -(2**63), 2**64 - 1


def clean(value: Any) -> Any:
    """The same JSON value with NULs and lone surrogates replaced by U+FFFD, keys included.

    A whole number too long for others to read keeps its digits, as text; NaN and the infinities become null.
    """
    match value:
        case str():
            return UNKEEPABLE.sub("\ufffd", value)
        case int() if not LEAST <= value <= MOST:
            return str(value)
        case float() if not math.isfinite(value):
            return None
        case list():
            return [clean(item) for item in value]
        case dict():
            return {clean(key): clean(item) for key, item in value.items()}
    return value
