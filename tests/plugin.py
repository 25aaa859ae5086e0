"""Throw-away PostgreSQL and Redis for the tests, started once per run and before Django reads its settings.

Loaded by `-p tests.plugin` (pyproject.toml). With DATABASE_URL or REDIS_URL set, those are used instead.
Tests that kill or empty a server start their own.
"""

import atexit
import gc
import os
import secrets
import shutil
import subprocess
import tempfile
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import certifi
import pytest
from xdist.scheduler import LoadFileScheduling

from base import processes
from base.embedded import places, postgres, redis

BROWSER = "tests/browser/"
MIGRATED = "TESTS_MIGRATED"  # the file beside our own PostgreSQL that says whether a worker has migrated it
MOST_WORKERS = 14  # Redis has sixteen databases


class Servers:
    """The servers this process started, and their folder."""

    def __init__(self) -> None:
        self.home: Path | None = None
        self.running: list[tuple[subprocess.Popen, processes.Command]] = []

    def start(self) -> None:
        """Start what the environment does not already name, and name it there for us and our workers."""
        atexit.register(self.stop)  # an interrupt before or after pytest's own session ends here
        self.home = Path(tempfile.mkdtemp(prefix="earshot-tests-"))
        self.home.chmod(0o711 if os.geteuid() == 0 else 0o700)
        if "DATABASE_URL" not in os.environ:
            server = self._run("postgres", postgres.prepare(self.home, durable=False))
            postgres.wait_ready(self.home, lambda: server.poll() is None)
            postgres.provision(self.home)
            os.environ["DATABASE_URL"] = places.postgres_url(self.home)
            os.environ[MIGRATED] = str(self.home / "migrated")
        if "REDIS_URL" not in os.environ:
            server = self._run("redis", redis.prepare(self.home, durable=False))
            redis.wait_ready(self.home, lambda: server.poll() is None)
            os.environ["REDIS_URL"] = places.redis_url(self.home)
        os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
        os.environ.setdefault("FIELD_ENCRYPTION_KEY", urlsafe_b64encode(secrets.token_bytes(32)).decode())
        os.environ["EARSHOT_HOME"] = str(self.home)
        os.environ["PRIVATE_HOSTS"] = "127.0.0.1"  # where tests play the outside world
        # Every HTTP client reads the certificates of the whole world, 37 ms. Nobody here is reached over TLS.
        os.environ["SSL_CERT_FILE"] = str(one_certificate(self.home / "certificate.pem"))

    def stop(self) -> None:
        while self.running:
            process, command = self.running.pop()
            processes.stop(process, command.stop_with, seconds=20)
        if self.home:
            shutil.rmtree(self.home, ignore_errors=True)
            elsewhere = places.postgres_folder(self.home)
            if not elsewhere.is_relative_to(self.home):
                shutil.rmtree(elsewhere.parent, ignore_errors=True)
            self.home = None

    def _run(self, name: str, command: processes.Command) -> subprocess.Popen:
        with (self.home / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command.argv, **command.options(), stdout=log, stderr=subprocess.STDOUT
            )
        self.running.append((process, command))
        return process


servers = Servers()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    # A wrapper runs before pytest-django's own hook, which loads the settings, and all of ours.
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        os.environ["REDIS_URL"] = redis_url_of(worker)
    else:
        servers.start()
    loaded = yield
    gc.disable()  # until all tests are loaded too: hardly anything goes, and each look at it takes longer
    return loaded


def pytest_collection(session: pytest.Session) -> None:
    """In a fresh checkout pytest rewrites the asserts of all tests and keeps that: seven seconds of CPU. Each
    worker begins with other files, and finds the rest rewritten; in one order they all would do all of it."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if not number or session.config.args != session.config.getini("testpaths"):
        return
    workers, root = int(os.environ["PYTEST_XDIST_WORKER_COUNT"]), session.config.rootpath
    files = sorted(root.joinpath("tests").rglob("test_*.py"))
    for file in files[int(number) :: workers]:
        with suppress(Exception, pytest.skip.Exception):  # collecting the file says what is wrong with it
            import_module(".".join(file.relative_to(root).with_suffix("").parts))


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """What is loaded by now stays: Python need not look for cycles there again and again."""
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    servers.stop()


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """Five for two cores: much of a run is waiting, for processes to start and calls to end."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST_WORKERS, 5 * max(1, cores) // 2)


class ByHouse(LoadFileScheduling):
    """A file is one worker's. So is a folder of those that look at pages, each with a browser of its own: in
    another worker they would get in each other's way, as they change the same agents, or the same lists."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return file.rpartition("/")[0] if nodeid.startswith(BROWSER) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByHouse | None:
    return ByHouse(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long must not be left for the end, when there is nothing else to do beside it: pages come
    first, then those with the most to do. Files that wait for processes of their own take turns with others,
    so that there is always something to do."""
    weights = Counter[Path]()
    for item in items:
        weights[item.path] += weight(item)
    pages = [item for item in items if item.nodeid.startswith(BROWSER)]
    others = [item for item in items if not item.nodeid.startswith(BROWSER)]
    others.sort(key=lambda item: (-weights[item.path], str(item.path)))
    waiting = {item.path for item in others if "processes" in item.keywords}
    places, turns = Counter[bool](), {}
    for path in dict.fromkeys(item.path for item in others):
        turns[path] = places[path in waiting]
        places[path in waiting] += 1
    items[:] = [*pages, *sorted(others, key=lambda item: (turns[item.path], item.path not in waiting))]


def weight(item: pytest.Item) -> int:
    """About how long it takes, beside a test that needs nothing."""
    if "processes" in item.keywords or "busy" in item.keywords:
        return 300
    database = item.get_closest_marker("django_db")
    commits = "transactional_db" in item.fixturenames or (database and database.kwargs.get("transaction"))
    return 10 if commits else 1


def one_certificate(file: Path) -> Path:
    """The first of those that everybody trusts."""
    end = "-----END CERTIFICATE-----\n"
    file.write_text(certifi.contents().partition(end)[0] + end)
    return file


def redis_url_of(worker: str) -> str:
    """A Redis database of its own for worker `gwN`: the run's database, plus one, plus N."""
    url = urlsplit(os.environ["REDIS_URL"])
    asked = url.path.strip("/") if url.scheme.startswith("redis") else url.query.removeprefix("db=")
    number = int(asked or 0) + 1 + int(worker.removeprefix("gw"))
    if url.scheme.startswith("redis"):
        return url._replace(path=f"/{number}").geturl()
    return f"unix://{url.path}?db={number}"
