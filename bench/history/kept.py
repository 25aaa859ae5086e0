"""A database of a million turns, kept between runs: to load it and build its indexes takes half an hour."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from base import processes
from base.embedded import places, postgres

FOLDER = Path(tempfile.gettempdir()) / "earshot-bench-history"
# As a server of its own with 8 GB would have it, and all of the database, 2 GB, in memory of its own: it is
# measured warm, and some systems take the pages of files away at once. The rest is as everywhere
# (base/embedded/postgres.py).
SETTINGS = {"shared_buffers": "2560MB", "effective_cache_size": "6GB", "max_wal_size": "4GB"}


@contextmanager
def own_postgres(folder: Path) -> Iterator[dict[str, str]]:
    """Its server; gives the environment that names the database. What is in it stays."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    command = postgres.prepare(folder)
    argv = [*command.argv, *(word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}"))]
    with (folder / "postgres.log").open("wb") as log:
        server = subprocess.Popen(argv, **command.options(), stdout=log, stderr=log)
    try:
        postgres.wait_ready(folder, lambda: server.poll() is None)
        postgres.provision(folder)
        yield {
            "DATABASE_URL": places.postgres_url(folder),
            "BENCH_SUPERUSER_URL": places.postgres_url(folder, role="postgres", database=places.DATABASE),
        }
    finally:
        processes.stop(server, command.stop_with, seconds=60)


def forget(folder: Path) -> None:
    """All of it: a migration that was changed since cannot be applied again."""
    shutil.rmtree(places.postgres_folder(folder), ignore_errors=True)
    _half(folder).unlink(missing_ok=True)


@contextmanager
def whole(folder: Path) -> Iterator[None]:
    """Whatever is broken off in here leaves a database of which half is missing, its indexes too."""
    _half(folder).touch()
    yield
    _half(folder).unlink()


def is_half(folder: Path) -> bool:
    return _half(folder).exists()


def _half(folder: Path) -> Path:
    return folder / "half-loaded"


def migrate(env: dict[str, str]) -> None:
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], env=env, check=True)
