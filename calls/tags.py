"""Tags that people put on calls. Two that differ in case or spaces are one, so they are kept in one way."""

import unicodedata

LONGEST = 40  # characters
MOST = 20  # on a call


def read(text: str) -> str:
    """The tag as it is kept. Raises ValueError in words for people."""
    tag = " ".join(unicodedata.normalize("NFC", text).split()).casefold()
    if not 0 < len(tag) <= LONGEST:
        raise ValueError(f"a tag has 1 to {LONGEST} characters")
    if not tag.isprintable() or any(sign in tag for sign in ',"/'):
        raise ValueError("a tag has no commas, slashes, quotation marks or control characters")
    return tag
