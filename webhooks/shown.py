"""The body of a delivery as whoever asks may see it: as it came, or without what is hidden from them."""

import json

from calls.personal import seeing
from webhooks.models import Delivery


def body(delivery: Delivery) -> bytes | None:
    """Of whoever is answered now. None: it has been erased."""
    if delivery.body is None:
        return None
    raw, hidden = bytes(delivery.body), seeing.mask()
    return masked(raw, hidden) if hidden else raw


def masked(raw: bytes, hidden: seeing.Mask) -> bytes:
    """The same bytes where nothing in them is hidden. JSON that has something is written anew."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        # A recording, or a text nobody can look through.
        return f"{seeing.LOCK} {len(raw):,} bytes that are no text hidden".encode()
    try:
        told = json.loads(text)
        shown = hidden.all(told)
    except (ValueError, RecursionError):
        return hidden.text(text).encode()
    # What stands twice under one name is read once only: the text itself is looked at, too.
    if shown == told and hidden.text(text) == text:
        return raw
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
