"""`manage.py up`, whose processes may be killed one by one: its supervisor starts each again."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psycopg
import redis

from base.embedded import places
from config.env import BASE_DIR
from tests.config.running import WORDS, Up, environment, family, wait_for
from tests.webhooks.chaos.prepare import SECRET

ROLES = ("web", "postgres", "worker", "redis", "beat")
BACK_WITHIN_S = 60


class House:
    """Our processes in a data folder of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.killed: Counter[str] = Counter()
        self._up = Up(home, "--no-simulator", "--workers", "2")

    def open(self) -> None:
        """Wait until it serves, and make the connection whose webhooks come in."""
        self._up.wait_ready()
        made = subprocess.run(
            [sys.executable, "-m", "tests.webhooks.chaos.prepare"],
            cwd=BASE_DIR,
            env=environment(self.home, DJANGO_SETTINGS_MODULE="config.settings"),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert made.returncode == 0, made.stderr
        connection = json.loads(made.stdout)["connection"]
        self.url, self.secret = f"{self._up.url}/webhooks/retell/{connection}", SECRET

    def close(self) -> None:
        assert self._up.stop(signal.SIGTERM) == 0, self.tail()

    def tail(self, lines: int = 80) -> str:
        """The last lines that its processes said."""
        return "\n".join(self._up.said()[-lines:])

    def storm(self, sequence: Sequence[str], seconds: float, rng: random.Random) -> None:
        """Kill these roles in turn, spread over so many seconds; then wait until all are back."""
        began = time.monotonic()
        for place, role in enumerate(sequence, 1):
            due = began + seconds * (place - rng.uniform(0.2, 0.8)) / len(sequence)
            time.sleep(max(0.0, due - time.monotonic()))
            self._kill(role, rng)
        wait_for(self._whole, BACK_WITHIN_S, 0.25)

    def _kill(self, role: str, rng: random.Random) -> None:
        main = rng.choice(wait_for(lambda: _mains(family(self.home), role), BACK_WITHIN_S))
        # PostgreSQL's own children leave its process group; a machine that crashes takes them along.
        others = self._backends() if role == "postgres" else []
        for pid in (main, *others):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.killed[role] += 1

    def _backends(self) -> list[int]:
        data = str(places.postgres_folder(self.home) / "data")
        return [pid for pid in family(self.home) if _folder(pid) == data]

    def _whole(self) -> bool:
        """Whether everything serves again."""
        running = family(self.home)
        if len(_mains(running, "web")) < 2 or not all(_mains(running, role) for role in ROLES):
            return False
        try:
            with psycopg.connect(self.database_url, connect_timeout=2) as server:
                server.execute("SELECT 1")
            with redis.Redis.from_url(places.redis_url(self.home)) as server:
                server.ping()
            return self._up.page() == 200
        except (psycopg.OperationalError, redis.RedisError, OSError):
            return False

    @property
    def database_url(self) -> str:
        return places.postgres_url(self.home)


def _mains(running: dict[int, str], role: str) -> list[int]:
    """The processes of a role without what they have forked."""
    words = {pid: line for pid, line in running.items() if all(w in line for w in WORDS[role])}
    return [pid for pid in words if _parent(pid) not in words]


def _parent(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _folder(pid: int) -> str:
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/cwd")
    return ""
