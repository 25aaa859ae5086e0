"""The processes of `manage.py up`: what each runs, and how it is known to be ready."""

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from django.conf import settings

from base.embedded import postgres, redis
from base.processes import CannotStart, Command
from base.supervisor import Child
from config.env import BASE_DIR

LONGEST_START_S = 90
# A model and a platform that hang take a place each, and leave one to other slow work (base/slow.py).
WORKERS = "4"
# Answers to callers are finished first (live/sockets.py: 18 s), then requests, then what is left is stored.
WEB_STOPS_WITHIN_S = 35
# The share of the fast model's requests that fail: a demonstration shows how the next one takes over.
SIMULATED_FAULTS = "0.04"
# The shares of its webhooks that go astray, as they do on a bad day: the record must not mind.
SIMULATED_MISHAPS = ("--duplicates", "0.08", "--reorder", "0.08", "--late", "0.02")
# Celery says it at length at every start; in a container everybody is root.
RUNS_AS_ROOT = "ignore:You're running the worker with superuser privileges"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The commands of our own processes, with the environment they share."""

    home: Path
    env: Mapping[str, str]

    def manage(self, role: str, *arguments: str, pass_fds: tuple[int, ...] = ()) -> Command:
        """`manage.py` with these arguments; `role` is what its log lines say it is."""
        return self._python(role, str(BASE_DIR / "manage.py"), *arguments, pass_fds=pass_fds)

    def web(self, number: int, fd: int, url: str) -> Child:
        role = "web" if number == 1 else f"web-{number}"
        command = self.manage(role, "serve", "--fd", str(fd), pass_fds=(fd,))
        return Child(
            role=role,
            prepare=lambda: command,
            ready=lambda alive: wait_for_page(role, url, alive),
            stop_within=WEB_STOPS_WITHIN_S,
        )

    def worker(self) -> Child:
        return self._celery(
            "worker", "worker", "--concurrency", WORKERS, "--without-gossip", "--without-mingle"
        )

    def beat(self) -> Child:
        return self._celery("beat", "beat", "--pidfile", "")

    def watch(self) -> Child:
        command = self.manage("watch", "watch")
        return Child(role="watch", prepare=lambda: command)

    def simulator(self, fd: int, url: str) -> Child:
        first_run = str(self.home / "first-run.json")
        lives = ("--speed", str(settings.SIMULATOR_SPEED), "--crowd", str(settings.SIMULATOR_CROWD))
        options = ("--fd", str(fd), "--first-run", first_run, *lives)
        mishaps = ("--faults", SIMULATED_FAULTS, *SIMULATED_MISHAPS)
        command = self.manage("simulator", "simulate", *options, *mishaps, pass_fds=(fd,))
        return Child(
            role="simulator",
            prepare=lambda: command,
            ready=lambda alive: wait_for_page("simulator", f"{url}/stats", alive),
        )

    def _celery(self, role: str, *arguments: str) -> Child:
        command = self._python(role, "-m", "celery", "--quiet", "-A", "config", *arguments)
        return Child(role=role, prepare=lambda: command, stop_within=20)

    def _python(self, role: str, *arguments: str, pass_fds: tuple[int, ...] = ()) -> Command:
        env = {**self.env, "EARSHOT_ROLE": role, "PYTHONWARNINGS": RUNS_AS_ROOT}
        return Command(argv=(sys.executable, *arguments), env=env, cwd=BASE_DIR, pass_fds=pass_fds)


def postgres_child(home: Path, say: Callable[[str], None]) -> Child:
    return Child(
        role="postgres",
        prepare=lambda: postgres.prepare(home, say=say),
        ready=lambda alive: postgres.wait_ready(home, alive),
        stop_within=60,
        keeps_data=True,
    )


def redis_child(home: Path) -> Child:
    return Child(
        role="redis",
        prepare=lambda: redis.prepare(home),
        ready=lambda alive: redis.wait_ready(home, alive),
        stop_within=20,
        keeps_data=True,
    )


def metrics_folder(home: Path) -> Path:
    """Where each process keeps its counters, so that any web process can answer /metrics for all."""
    return home / "metrics"


def shared_env(home: Path, url: str, simulator: str) -> dict[str, str]:
    """Our environment, with what the command line decided. `simulator`: its "host:port", or nothing."""
    asked = [os.environ.get("PRIVATE_HOSTS", ""), simulator]
    return dict(os.environ) | {
        "PRIVATE_HOSTS": ",".join(filter(None, asked)),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "EARSHOT_HOME": str(home),
        "EARSHOT_URL": url,
        "PROMETHEUS_MULTIPROC_DIR": str(metrics_folder(home)),
        "PYTHONUNBUFFERED": "1",
    }


def wait_for_page(role: str, url: str, is_alive: Callable[[], bool]) -> None:
    """Wait until `url` answers 200. Raises CannotStart if the process ends or takes too long."""
    deadline = time.monotonic() + LONGEST_START_S
    last = "no answer"
    while time.monotonic() < deadline:
        if not is_alive():
            raise CannotStart(f"{role} ended while starting; its log says why.")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  our own address
                if answer.status == 200:
                    return
        except urllib.error.HTTPError as error:
            last = f"status {error.code}"
        except (OSError, HTTPException):
            # Nobody serves yet, or whoever did ended in the middle of it.
            last = "no answer"
        time.sleep(0.05)
    raise CannotStart(f"{role} did not answer {url} within {LONGEST_START_S} s ({last}).")
