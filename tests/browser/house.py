"""One whole Earshot for all who look at pages in a run, in whichever worker they are: two cost half as much
again as one, and one worker alone waits for most of its time."""

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from tests.config.running import Running, Up, a_new_home, end, family, wait_for

SPEED = 2  # of the callers: a call takes half a minute. Faster, more of them talk beside all the other tests
CROWD = 2  # of them: each talks beside all the other tests

_started: list[Up] = []  # by this process, which goes on reading what they say


class House(Running):
    """It, as one of those in it."""

    def __init__(self, told: dict, door: TextIO, turnstile: TextIO) -> None:
        super().__init__(Path(told["home"]), told["ready"])
        self._door, self._turnstile = door, turnstile

    @contextmanager
    def among_others(self) -> Iterator[None]:
        """Nobody has it to themselves meanwhile."""
        with _held(self._turnstile):  # so that whoever waits to be alone has their turn
            fcntl.flock(self._door, fcntl.LOCK_SH)
        try:
            yield
        finally:
            fcntl.flock(self._door, fcntl.LOCK_UN)

    @contextmanager
    def to_oneself(self) -> Iterator[None]:
        """For one who is among others, and would be in their way: they wait, once they have done."""
        fcntl.flock(self._door, fcntl.LOCK_UN)  # of two who stayed neither would ever be alone
        with _held(self._turnstile):
            fcntl.flock(self._door, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._door, fcntl.LOCK_SH)


@contextmanager
def joined() -> Iterator[House]:
    """The house of this run, which the first to come starts, and the last to leave ends."""
    folder = Path(os.environ["EARSHOT_HOME"])
    with ExitStack() as files:
        door, turnstile, guests = (
            files.enter_context((folder / f"house.{name}").open("a"))
            for name in ("door", "turnstile", "guests")
        )
        with _known(folder) as known:
            if "house" not in known:
                known["house"] = _start()
            fcntl.flock(guests, fcntl.LOCK_SH)  # a worker that dies is no guest any more
            house = House(known["house"], door, turnstile)
        try:
            yield house
        finally:
            with _known(folder) as known:
                if _is_last(guests):
                    _end(known.pop("house"))


def _is_last(guests: TextIO) -> bool:
    """Whoever asks is no guest from now on."""
    try:
        fcntl.flock(guests, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        fcntl.flock(guests, fcntl.LOCK_UN)
    return True


def _start() -> dict:
    home = a_new_home()
    try:
        # Of our own network it may ask its simulator alone: the tests' own leave is for what they play.
        up = Up(home, SIMULATOR_SPEED=str(SPEED), SIMULATOR_CROWD=str(CROWD), PRIVATE_HOSTS="")
        _started.append(up)
        return {"home": str(home), "ready": up.wait_ready().groupdict(), "pid": up.process.pid}
    except BaseException:
        end(home)
        raise


def _end(house: dict) -> None:
    home = Path(house["home"])
    try:
        os.kill(house["pid"], signal.SIGINT)
        wait_for(lambda: not family(home))
    finally:
        end(home)


@contextmanager
def _known(folder: Path) -> Iterator[dict]:
    """What all know of the house, for one of them at a time."""
    with (folder / "house.json").open("a+") as file, _held(file):
        file.seek(0)
        known = json.loads(file.read() or "{}")
        try:
            yield known
        finally:
            file.truncate(0)
            file.write(json.dumps(known))
            file.flush()


@contextmanager
def _held(file: TextIO) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
