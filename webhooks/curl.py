"""A delivery as a command for a shell: the same request once more, its proof left for whoever sends it."""

import base64
import re
import shlex
from collections.abc import Mapping

# A command line holds 128 KiB in one word on Linux; what is longer, or is no plain text, is piped in.
LONGEST_WORD = 100_000
_PLAIN = re.compile("[^\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*")
_NAME = re.compile("[A-Za-z0-9-]+")
# curl writes these by itself, or they were about our own doors.
_NOT_SENT = re.compile(
    "host|content-length|connection|transfer-encoding|accept-encoding|expect|te|forwarded|via|x-forwarded-.*|x-real-ip"
)
_PROOF = re.compile("auth|cookie|token|secret|key|passw|session|signature|digest|credential")


def command(url: str, headers: Mapping[str, object], body: bytes) -> str:
    """What to paste into a shell. Whatever the body and headers hold, a shell takes them as text."""
    lines = [f"curl -X POST {shlex.quote(url)}"]
    for name, value in headers.items():
        if _NAME.fullmatch(name) and not _NOT_SENT.fullmatch(name.lower()):
            lines.append(f"-H {shlex.quote(f'{name}: {_value(name.lower(), str(value))}')}")
    text = _text(body)
    if text is not None:
        return " \\\n  ".join([*lines, f"--data-raw {shlex.quote(text)}"])
    piped = f"printf %s {base64.b64encode(body).decode()} | base64 -d | "
    return piped + " \\\n  ".join([*lines, "--data-binary @-"])


def _value(name: str, value: str) -> str:
    if _PROOF.search(name):
        return f"<{name}>"
    return value if value.isascii() and value.isprintable() else re.sub("[^ -~]", "?", value)


def _text(body: bytes) -> str | None:
    if len(body) > LONGEST_WORD:
        return None
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    # A control character could end a terminal's paste early, and what follows would be typed.
    return text if _PLAIN.fullmatch(text) else None
