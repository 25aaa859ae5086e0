"""Where the embedded servers live. Functions of the data folder only, so settings and supervisor agree."""

import hashlib
import os
import stat
from pathlib import Path
from urllib.parse import quote

# Where root keeps what an unprivileged account must reach when the data folder is shut to it.
SYSTEM_HOME = Path("/var/lib/earshot")
# A Unix socket's address holds 107 bytes on Linux, 103 elsewhere; PostgreSQL adds "/.s.PGSQL.5432".
LONGEST_SOCKET_FOLDER = 103 - len("/.s.PGSQL.5432")
DATABASE = "earshot"
ROLE = "earshot"


def reachable(path: Path) -> bool:
    """Whether any account may walk to `path`: every folder on the way that exists is open to pass through."""
    on_the_way = [folder for folder in (path, *path.parents) if folder.exists()]
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in on_the_way)


def postgres_folder(home: Path) -> Path:
    """PostgreSQL's own folder: data and socket. As root another account must be able to reach it."""
    if os.geteuid() != 0 or reachable(home):
        return home / "postgres"
    return SYSTEM_HOME / _short(home) / "postgres"


def redis_folder(home: Path) -> Path:
    return home / "redis"


def sockets(folder: Path) -> Path:
    """Where the server of `folder` has its socket: there, or in a short folder if that is too deep."""
    if len(bytes(folder)) <= LONGEST_SOCKET_FOLDER:
        return folder
    return Path("/tmp") / f"earshot-{_short(folder)}"  # noqa: S108  its owner and mode are checked


def postgres_url(home: Path, *, role: str = ROLE, database: str = DATABASE) -> str:
    return f"postgres://{role}@/{database}?host={quote(str(sockets(postgres_folder(home))), safe='/')}"


def redis_socket(home: Path) -> Path:
    return sockets(redis_folder(home)) / "redis.sock"


def redis_url(home: Path) -> str:
    return f"unix://{quote(str(redis_socket(home)), safe='/')}"


def _short(path: Path) -> str:
    return hashlib.sha256(bytes(path)).hexdigest()[:12]
