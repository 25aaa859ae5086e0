"""Keeps the processes of `manage.py up` running: starts them in order, restarts what dies, stops all of it.

Every child has its own process group. Its lines go to the terminal behind its name, and to a log file.
"""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from base.processes import CannotStart, Command

LOG_BYTES = 5_000_000  # a log file; one older file is kept beside it
LONGEST_LINE = 64 * 1024
OUTPUT_WITHIN_S = 5  # of a process that has ended
# A child that lived this long was well: its next death is a first one again.
WELL_AFTER_S = 60
PAUSES_S = (0.1, 0.5, 1, 2, 4, 8, 8)  # before each restart in a row; then we give up
COLOURS = (36, 33, 35, 32, 34, 31)
RESET = "\033[0m"


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One role to keep running.

    prepare: makes the command, anew at every start; may take its time and raise CannotStart.
    ready: waits until the child does its work; is given a way to ask whether it is still alive.
    stop_within: seconds it gets between being asked to stop and being killed.
    keeps_data: it gets them even when somebody is in a hurry.
    """

    role: str
    prepare: Callable[[], Command]
    ready: Callable[[Callable[[], bool]], None] | None = None
    stop_within: float = 10
    keeps_data: bool = False


@dataclass(eq=False, slots=True)
class Running:
    child: Child
    process: subprocess.Popen
    command: Command
    reader: asyncio.Task
    since: float = field(default_factory=time.monotonic)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def is_alive(self) -> bool:
        """Safe to ask from another thread: only the event loop's own asks the system."""
        return not self.gone.is_set()

    def ended(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class Supervisor:
    """One event loop, one terminal, many children. Made inside a running loop; use as `async with`."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._children: dict[str, Running] = {}  # in the order they were started
        self._keepers: dict[str, asyncio.Task] = {}
        self._files: dict[str, RotatingFileHandler] = {}
        self._last_lines: dict[str, str] = {}
        self._stop_asked = asyncio.Event()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._colours = sys.stdout.isatty()

    async def __aenter__(self) -> "Supervisor":
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(asked, self._stop_asked.set)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._stop_all()
        for file in self._files.values():
            file.close()

    async def until_stopped(self, starting: asyncio.Task[None]) -> None:
        """Run `starting`, then keep everything up until a signal asks to stop.

        Raises CannotStart if a child cannot be started, or keeps dying.
        """
        asked = asyncio.create_task(self._stop_asked.wait())
        try:
            await self._first_of(asked, starting, self._failed)
            if starting.done():
                starting.result()
                await self._first_of(asked, self._failed)
            if self._failed.done():
                self._failed.result()
        finally:
            for task in (asked, starting):
                task.cancel()
            await asyncio.gather(asked, starting, return_exceptions=True)
            if not self._failed.done():
                self._failed.cancel()

    async def start(self, child: Child) -> None:
        """Start a child, wait until it is ready, and keep it running from then on. Raises CannotStart."""
        command = await asyncio.to_thread(child.prepare)
        running = self._launch(child, command)
        if child.ready:
            await asyncio.to_thread(child.ready, running.is_alive)
        self._keepers[child.role] = asyncio.create_task(self._keep(running))

    async def run(self, role: str, command: Command, seconds: float) -> None:
        """Run something that ends by itself. Raises CannotStart if it fails or takes longer."""
        running = self._launch(Child(role=role, prepare=lambda: command), command)
        try:
            await asyncio.wait_for(running.gone.wait(), seconds)
        except TimeoutError:
            raise CannotStart(
                f"{role} did not finish within {seconds:.0f} s; its log is {self._log(role)}."
            ) from None
        # Something it left behind may hold its output open; what it said itself is here at once.
        await asyncio.wait({running.reader}, timeout=OUTPUT_WITHIN_S)
        running.reader.cancel()
        del self._children[role]
        if running.process.returncode != 0:
            raise CannotStart(f"{role} failed: {self._last_lines.get(role) or running.ended()}")

    def say(self, line: str) -> None:
        """A line of our own on the terminal."""
        self._show(f"{line}\n")

    def _launch(self, child: Child, command: Command) -> Running:
        read_end, write_end = os.pipe()
        try:
            process = subprocess.Popen(command.argv, **command.options(), stdout=write_end, stderr=write_end)  # noqa: S603
        except OSError as error:
            os.close(read_end)
            raise CannotStart(f"{child.role} cannot be started: {error}.") from error
        finally:
            os.close(write_end)
        reader = asyncio.create_task(self._read(child.role, read_end))
        running = self._children[child.role] = Running(child, process, command, reader)
        self._reap()  # it may have ended before we could be told
        return running

    async def _keep(self, running: Running) -> None:
        """Restart a child each time it dies, ever later, and give up when it never stays."""
        child, deaths = running.child, 0
        try:
            while True:
                await running.gone.wait()
                _kill_group(running.process.pid)  # what it left behind
                deaths = 1 if time.monotonic() - running.since > WELL_AFTER_S else deaths + 1
                if deaths > len(PAUSES_S):
                    last = self._last_lines.get(child.role, "it said nothing")
                    how = f"{child.role} keeps ending ({running.ended()})"
                    raise CannotStart(f"{how}: {last}; its log is {self._log(child.role)}.")
                self.say(f"{child.role} ended ({running.ended()}); starting it again.")
                await asyncio.sleep(PAUSES_S[deaths - 1])
                running = self._launch(child, await asyncio.to_thread(child.prepare))
        except CannotStart as error:
            if not self._failed.done():
                self._failed.set_exception(error)

    async def _first_of(self, *futures: asyncio.Future[Any]) -> None:
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)

    def _reap(self) -> None:
        for running in self._children.values():
            if running.process.poll() is not None:
                running.gone.set()

    async def _stop_all(self) -> None:
        for keeper in self._keepers.values():
            keeper.cancel()
        await asyncio.gather(*self._keepers.values(), return_exceptions=True)
        self._stop_asked.clear()  # asked again while stopping: stop waiting
        for running in reversed(self._children.values()):
            await self._stop(running)

    async def _stop(self, running: Running) -> None:
        if running.is_alive():
            running.process.send_signal(running.command.stop_with)
            waits = {asyncio.create_task(running.gone.wait())}
            if not running.child.keeps_data:
                waits.add(asyncio.create_task(self._stop_asked.wait()))
            await asyncio.wait(waits, timeout=running.child.stop_within, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            if running.is_alive():
                self.say(f"{running.child.role} does not stop; killing it.")
        _kill_group(running.process.pid)
        await running.gone.wait()
        running.reader.cancel()
        await asyncio.gather(running.reader, return_exceptions=True)

    async def _read(self, role: str, descriptor: int) -> None:
        """Pass a child's lines on until it closes its end."""
        reader = asyncio.StreamReader(limit=LONGEST_LINE)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            partial(asyncio.StreamReaderProtocol, reader), os.fdopen(descriptor, "rb", 0)
        )
        rest = b""
        try:
            while chunk := await reader.read(LONGEST_LINE):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._pass_on(role, line)
                if len(rest) > LONGEST_LINE:
                    self._pass_on(role, rest)
                    rest = b""
            if rest:
                self._pass_on(role, rest)
        finally:
            transport.close()

    def _pass_on(self, role: str, raw: bytes) -> None:
        line = raw.decode(errors="replace").rstrip()
        if line:
            self._last_lines[role] = line
        if role not in self._files:
            self._files[role] = RotatingFileHandler(
                self._log(role), maxBytes=LOG_BYTES, backupCount=1, delay=True
            )
        self._files[role].handle(logging.makeLogRecord({"msg": line}))
        label = f"{role:<10}|"
        if self._colours:
            label = f"\033[{COLOURS[sum(role.encode()) % len(COLOURS)]}m{label}{RESET}"
        self._show(f"{label} {line}\n")

    def _show(self, line: str) -> None:
        try:
            sys.stdout.write(line)
            sys.stdout.flush()
        except OSError:  # nobody reads the terminal any more, or its disk is full: the log files go on
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115

    def _log(self, role: str) -> Path:
        return self.logs / f"{role}.log"


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
