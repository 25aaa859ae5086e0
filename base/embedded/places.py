"""Where the embedded servers live. Pure functions of the data folder, so settings and supervisor agree."""

import hashlib
import tempfile
from pathlib import Path
from urllib.parse import quote

# A Unix socket's address holds 107 bytes on Linux, 103 elsewhere; PostgreSQL adds "/.s.PGSQL.5432".
LONGEST_SOCKET_FOLDER = 103 - len("/.s.PGSQL.5432")


def sockets(home: Path) -> Path:
    """The folder of the servers' sockets: in the data folder, or a short one if that is too deep."""
    near = home / "run"
    if len(bytes(near)) <= LONGEST_SOCKET_FOLDER:
        return near
    name = hashlib.sha256(bytes(home)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"earshot-{name}"


def postgres_url(home: Path) -> str:
    return f"postgres://earshot@/earshot?host={quote(str(sockets(home)))}"


def redis_url(home: Path) -> str:
    return f"unix://{sockets(home) / 'redis.sock'}"
