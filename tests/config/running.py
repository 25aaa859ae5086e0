"""`manage.py up` as a person runs it: a process of its own, in a data folder of its own."""

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from config.env import BASE_DIR

READY = re.compile(r"Earshot is ready at (?P<url>\S+)  \(login: (?P<email>\S+) / (?P<password>\S+)\)")
OURS = ("DATABASE_URL", "REDIS_URL", "REDIS_LOG_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEY", "EARSHOT_URL")


def wait_for(condition: Callable[[], Any], seconds: float = 60, every: float = 0.05) -> Any:
    """What `condition` answers once it is true; asked `every` 0.05 s. Fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(every)


@contextmanager
def a_home() -> Iterator[Path]:
    """A data folder that a server's own account can reach, unlike pytest's. What runs there ends with it."""
    home = a_new_home()
    try:
        yield home
    finally:
        end(home)


def a_new_home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="earshot-up-"))
    home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return home


def end(home: Path) -> None:
    """What still runs there, and the folder."""
    for pid in family(home):
        with suppress(ProcessLookupError):  # it went with the one before
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(home, ignore_errors=True)


def environment(home: Path, **settings: str) -> dict[str, str]:
    """Ours without the test run's servers and secrets."""
    ours = {name: value for name, value in os.environ.items() if name not in OURS}
    return ours | {"EARSHOT_HOME": str(home)} | settings


def refused(home: Path, *arguments: str, **settings: str) -> str:
    """Run `up` where it cannot start; answers the one sentence it said."""
    ended = subprocess.run(
        [sys.executable, "manage.py", "up", "--port", "0", *arguments],
        cwd=BASE_DIR,
        env=environment(home, **settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    lines = ended.stderr.strip().splitlines()
    assert len(lines) == 1, ended.stderr
    return lines[0]


class Running:
    """An Earshot that is ready: where it is, who may sign in, and its processes."""

    def __init__(self, home: Path, ready: Mapping[str, str]) -> None:
        self.home, self.ready = home, ready

    @property
    def url(self) -> str:
        return self.ready["url"]

    def first_run(self) -> dict[str, Any]:
        return json.loads((self.home / "first-run.json").read_text())

    def pid_of(self, role: str) -> int:
        """The process of a role, or 0."""
        for pid, words in family(self.home).items():
            if role in WORDS and all(word in words for word in WORDS[role]):
                return pid
        return 0

    def page(self, path: str = "/accounts/login/") -> int:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return answer.status


class Up(Running):
    """A `manage.py up` of one's own."""

    def __init__(
        self, home: Path, *arguments: str, python: tuple[str, ...] = (sys.executable,), **settings: str
    ):
        super().__init__(home, {})
        self.lines: list[str] = []
        self.began = time.monotonic()
        self._heard: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [*python, "manage.py", "up", "--port", "0", *arguments],
            cwd=BASE_DIR,
            env=environment(home, **settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout:
            self._heard.put(line.rstrip("\n"))
        self._heard.put(None)

    def wait_for_line(self, pattern: re.Pattern[str] | str, seconds: float = 90) -> re.Match[str]:
        """The next line that matches; fails with all that was said if none comes."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._heard.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, "\n".join(self.lines[-60:])
            self.lines.append(line)
            if match := re.search(pattern, line):
                return match

    def said(self) -> list[str]:
        """All its lines so far, whether they were waited for or not."""
        while True:
            try:
                line = self._heard.get_nowait()
            except queue.Empty:
                return self.lines
            if line is not None:
                self.lines.append(line)

    def wait_ready(self) -> re.Match[str]:
        match = self.wait_for_line(READY)
        self.ready = match.groupdict()
        return match

    def stop(self, with_signal: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop, and answer its exit code."""
        self.process.send_signal(with_signal)
        return self.process.wait(60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


# What tells a role's main process by its command line.
WORDS = {
    "web": ("manage.py", "serve"),
    "worker": ("celery", "worker"),
    "watch": ("manage.py", " watch"),
    "simulator": ("manage.py", "simulate"),
    "beat": ("celery", "beat"),
    "postgres": ("bin/postgres", "-D"),
    "redis": ("redis",),
}


def family(home: Path) -> dict[int, str]:
    """Every process that belongs to a data folder (pid: command line), oldest first.

    Our own processes have it in their environment, the servers on their command line or as their folder.
    """
    found = {}
    mine, named = f"EARSHOT_HOME={home}\0".encode(), str(home).encode()
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdecimal()):
        try:
            words = told(pid, "cmdline")
            if not words or pid == os.getpid():
                continue  # the system's, or ours
            where = os.readlink(f"/proc/{pid}/cwd")
            ours = named in words or where.startswith(str(home)) or mine in told(pid, "environ") + b"\0"
        except OSError:
            continue  # it is gone, or not ours to see
        if ours:
            found[pid] = words.replace(b"\0", b" ").decode(errors="replace")
    return found


def told(pid: int, what: str) -> bytes:
    with open(f"/proc/{pid}/{what}", "rb", buffering=0) as file:  # waiting looks here twenty times a second
        return file.read()
