"""The version in the address of every static file. Knows no Django: settings are made with it."""

import hashlib
from pathlib import Path


def fingerprint(root: Path) -> str:
    """Eight hex digits that change with any static file of ours and with any locked dependency."""
    files = [*root.glob("static/**/*"), *root.glob("*/static/**/*"), root / "requirements" / "base.txt"]
    total = hashlib.sha256()
    for path in sorted(path for path in files if path.is_file()):
        total.update(bytes(path.relative_to(root)) + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:8]
