"""One `up` per data folder: a lock the system releases when its holder is gone, however it went."""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from base.processes import CannotStart


@dataclass(slots=True)
class HomeLock:
    file: IO[str]
    after_a_crash: bool  # the last holder never said goodbye

    def tell(self, url: str) -> None:
        """Say where we answer, for whoever asks for the lock next."""
        self._write(json.dumps({"pid": os.getpid(), "url": url}))

    def release(self) -> None:
        self._write("")
        self.file.close()

    def _write(self, content: str) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.file.write(content)
        self.file.flush()


def take(home: Path) -> HomeLock:
    """Take the data folder for this process. Raises CannotStart that names who has it."""
    try:
        file = open(home / "up.lock", "a+")  # noqa: SIM115  held open as long as we run
    except OSError as error:
        raise CannotStart(f"EARSHOT_HOME: cannot write to {home} ({error.strerror}).") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise CannotStart(_taken(home, file.read())) from None
    file.seek(0)
    return HomeLock(file, after_a_crash=bool(file.read()))


def _taken(home: Path, content: str) -> str:
    try:
        holder = json.loads(content)
        who = f"as process {holder['pid']} at {holder['url']}"
    except (ValueError, KeyError):
        who = "and is just starting"
    return f"Earshot already runs from {home}, {who}; stop it first, or set EARSHOT_HOME to another folder."
