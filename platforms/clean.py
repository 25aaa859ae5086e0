"""Text from outside, made safe to keep."""

import re
from typing import Any

# PostgreSQL refuses NUL in text and lone surrogates in anything; both can be spelled in otherwise good JSON.
UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


def clean(value: Any) -> Any:
    """The same JSON value with NULs and lone surrogates replaced by U+FFFD, keys included."""
    match value:
        case str():
            return UNKEEPABLE.sub("\ufffd", value)
        case list():
            return [clean(item) for item in value]
        case dict():
            return {clean(key): clean(item) for key, item in value.items()}
    return value
