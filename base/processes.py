"""How a child process is started so that it can be stopped: own group, own account, and it dies with us."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class CannotStart(Exception):
    """Something cannot start. The message is one sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Account:
    """A system user a child runs as, when we are root and it must not be."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run, as whom, and which signal asks it to stop."""

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)  # all of it; ours is not inherited
    cwd: Path | None = None
    account: Account | None = None
    stop_with: signal.Signals = signal.SIGTERM
    pass_fds: Sequence[int] = ()

    def options(self) -> dict[str, Any]:
        """Keyword arguments for `subprocess.Popen` and `asyncio.create_subprocess_exec`."""
        account = self.account
        as_whom = (
            {"user": account.uid, "group": account.gid, "extra_groups": []} if account is not None else {}
        )
        return {
            "env": dict(self.env),
            "cwd": self.cwd,
            "stdin": subprocess.DEVNULL,
            "start_new_session": True,  # Ctrl-C is for us alone; we stop the children in order
            "pass_fds": tuple(self.pass_fds),
            "preexec_fn": _die_with(os.getpid(), self.stop_with),
            **as_whom,
        }


def _die_with(parent: int, stop_with: signal.Signals) -> Callable[[], None] | None:
    """Linux tells a child when the thread that started it is gone, even by `kill -9`: then it stops too.

    Elsewhere `up` finds what was left behind by its pid file at the next start.
    """
    if _libc is None:
        return None
    prctl = _libc.prctl

    def before_exec() -> None:
        prctl(PR_SET_PDEATHSIG, int(stop_with))
        if os.getppid() != parent:  # the parent went before we could ask
            os._exit(1)

    return before_exec


def plain_env() -> dict[str, str]:
    """The environment of a server that needs nothing of ours: no secret reaches it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def command_line(pid: int) -> str:
    """What process `pid` runs, or nothing if there is none."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    shown = subprocess.run(  # noqa: S603
        ["ps", "-ww", "-o", "args=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=10,
    )
    return shown.stdout


def stop(process: subprocess.Popen, stop_with: signal.Signals, seconds: float) -> None:
    """Ask `process` to stop, wait that long, then kill its whole group."""
    if process.poll() is not None:
        return
    process.send_signal(stop_with)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
