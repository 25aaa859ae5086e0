"""Slow work leaves one of a worker's processes to what cannot wait: each piece of it takes a place, and there
is one place fewer than there are processes.

A place is a byte of a file without a name, locked by whichever process is in it. The system takes the lock
from a process that is gone, however it went: nothing has to run out. Other workers have places of their own.
The lock is the process's: slow work within slow work is in the same place, and does not leave it.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


class _Places:
    file: IO[bytes] | None = None  # None: we are no worker, and nobody waits for us
    count = 0
    held_by = 0  # the process that is in one: a lock does not pass to its children


def make_places(processes: int) -> None:
    """For a worker that is about to start so many processes."""
    _Places.file = tempfile.TemporaryFile(prefix="earshot-")  # noqa: SIM115  open for as long as we run
    _Places.count = max(1, processes - 1)


@contextmanager
def place() -> Iterator[bool]:
    """Whether there is one for this process, which is in it until the end of the block. Nobody waits."""
    file = _Places.file
    if file is None or _Places.held_by == os.getpid():
        yield True
        return
    taken = next((number for number in range(_Places.count) if _take(file, number)), None)
    if taken is None:
        yield False
        return
    _Places.held_by = os.getpid()
    try:
        yield True
    finally:
        _Places.held_by = 0
        fcntl.lockf(file, fcntl.LOCK_UN, 1, taken)


def _take(file: IO[bytes], number: int) -> bool:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
    except (BlockingIOError, PermissionError):
        return False
    return True
