"""The supervisor: keeps children running, gives up with a sentence, and stops everything in order."""

import asyncio
import errno
import io
import os
import signal
import sys
import textwrap
from pathlib import Path

import pytest

from base import supervisor as module
from base.processes import CannotStart, Command, plain_env
from base.supervisor import Child, Supervisor

pytestmark = pytest.mark.processes


def child(role: str, code: str, **options) -> Child:
    """A child that runs this Python."""
    command = Command(argv=(sys.executable, "-u", "-c", textwrap.dedent(code)), env=plain_env())
    return Child(role=role, prepare=lambda: command, **options)


FOREVER = "import time; print('here'); time.sleep(600)"
TELLS_ITS_PID = "import os, time; print(os.getpid()); time.sleep(600)"


def said(capsys, seen: list[str]) -> str:
    seen.append(capsys.readouterr().out)
    return "".join(seen)


async def until(condition, seconds: float = 20):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  other processes set no event
            await asyncio.sleep(0.02)


async def test_lines_are_prefixed_on_the_terminal_and_kept_in_a_file(tmp_path, capsys):
    seen = []
    async with Supervisor(tmp_path) as running:
        await running.start(child("web", FOREVER))
        await until(lambda: "here" in said(capsys, seen))

    assert "web       | here\n" in said(capsys, seen)
    assert (tmp_path / "web.log").read_text() == "here\n"


async def test_a_line_without_end_is_passed_on_in_pieces(tmp_path, capsys):
    endless = "import sys, time; sys.stdout.write('x' * 300_000); sys.stdout.flush(); time.sleep(600)"
    async with Supervisor(tmp_path) as running:
        await running.start(child("web", endless))
        log = tmp_path / "web.log"
        await until(lambda: log.exists() and log.stat().st_size > 200_000)

    assert set(log.read_text()) == {"x", "\n"}


async def test_a_log_file_stays_bounded(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(module, "LOG_BYTES", 10_000)
    async with Supervisor(tmp_path) as running:
        await running.start(
            child("web", "for n in range(5000): print('line', n)\nprint('done')" + "\n" + FOREVER)
        )
        await until(lambda: (tmp_path / "web.log").exists() and "here" in (tmp_path / "web.log").read_text())

    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 21_000


async def test_what_dies_is_started_again(tmp_path, capsys):
    seen = []
    marker = tmp_path / "second"
    code = f"""
        import pathlib, sys, time
        marker = pathlib.Path({str(marker)!r})
        if not marker.exists():
            marker.touch()
            sys.exit(3)
        print("second life")
        time.sleep(600)
    """
    async with Supervisor(tmp_path) as running:
        await running.start(child("worker", code))
        await until(lambda: "second life" in said(capsys, seen))

    assert "worker ended (exit code 3); starting it again.\n" in said(capsys, seen)


async def test_what_never_stays_is_given_up_with_its_last_words(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(module, "PAUSES_S", (0, 0, 0))
    async with Supervisor(tmp_path) as running:
        starting = asyncio.create_task(running.start(child("beat", "raise SystemExit('no timetable')")))
        with pytest.raises(CannotStart, match=r"beat keeps ending \(exit code 1\): no timetable; its log is"):
            await asyncio.wait_for(running.until_stopped(starting), 20)


async def test_a_start_that_fails_is_told_and_ends_it(tmp_path, capsys):
    def ready(is_alive):
        while is_alive():
            pass
        raise CannotStart("web ended while starting.")

    async with Supervisor(tmp_path) as running:
        starting = asyncio.create_task(running.start(child("web", "print('bye')", ready=ready)))
        with pytest.raises(CannotStart, match=r"web ended while starting\."):
            await asyncio.wait_for(running.until_stopped(starting), 20)


async def test_a_command_that_fails_gives_its_last_line(tmp_path, capsys):
    command = child("migrate", "print('one'); raise SystemExit('no such table')").prepare()
    async with Supervisor(tmp_path) as running:
        with pytest.raises(CannotStart, match="migrate failed: no such table"):
            await running.run("migrate", command, seconds=20)


async def test_a_command_that_takes_too_long_is_ended(tmp_path, capsys):
    async with Supervisor(tmp_path) as running:
        with pytest.raises(CannotStart, match="migrate did not finish within 0 s"):
            await running.run("migrate", child("migrate", FOREVER).prepare(), seconds=0.2)


async def test_a_program_that_is_not_there_is_one_sentence(tmp_path):
    command = Command(argv=("/no/such/program",), env=plain_env())
    async with Supervisor(tmp_path) as running:
        with pytest.raises(CannotStart, match=r"web cannot be started: .*/no/such/program"):
            await running.start(Child(role="web", prepare=lambda: command))


async def test_a_signal_stops_all_in_reverse_order(tmp_path, capsys):
    seen = []
    polite = """
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: (print("bye"), sys.exit()))
        print("here")
        time.sleep(600)
    """
    async with Supervisor(tmp_path) as running:

        async def start():
            for role in ("redis", "web", "worker"):
                await running.start(child(role, polite))
            await until(lambda: said(capsys, seen).count("here") == 3)
            os.kill(os.getpid(), signal.SIGTERM)

        await asyncio.wait_for(running.until_stopped(asyncio.create_task(start())), 30)

    byes = [line.split()[0] for line in said(capsys, seen).splitlines() if line.endswith("bye")]
    assert byes == ["worker", "web", "redis"]


async def test_what_does_not_stop_is_killed_with_all_its_children(tmp_path, capsys):
    seen = []
    stubborn = """
        import os, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = os.fork()
        print(f"pid {os.getpid()}", flush=True)
        time.sleep(600)
    """
    async with Supervisor(tmp_path) as running:
        await running.start(child("web", stubborn, stop_within=0.2))
        await until(lambda: said(capsys, seen).count("pid ") == 2)

    pids = [int(line.split()[-1]) for line in said(capsys, seen).splitlines() if "pid " in line]
    await until(lambda: not any(alive(pid) for pid in pids))
    assert "web does not stop; killing it." in said(capsys, seen)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
async def test_children_end_when_the_supervisor_is_killed(tmp_path):
    parent = f"""
        import asyncio, sys
        from pathlib import Path
        from base.processes import Command, plain_env
        from base.supervisor import Child, Supervisor

        async def main():
            command = Command(argv=(sys.executable, "-u", "-c", {TELLS_ITS_PID!r}), env=plain_env())
            async with Supervisor(Path({str(tmp_path)!r})) as running:
                await running.start(Child(role="web", prepare=lambda: command))
                await asyncio.sleep(600)

        asyncio.run(main())
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(parent), stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    pid = int(line.split()[-1])
    assert alive(pid)

    process.kill()
    await process.wait()
    await until(lambda: not alive(pid))


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and waits to be reaped does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


class FullTerminal(io.StringIO):
    def flush(self) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def test_a_terminal_that_takes_no_more_does_not_end_the_children(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdout", FullTerminal())
    counts = "import time\nfor n in range(600): print('line', n); time.sleep(0.05)"
    async with Supervisor(tmp_path) as running:
        await running.start(child("web", counts))
        log = tmp_path / "web.log"
        await until(lambda: log.exists() and "line 9" in log.read_text())

    assert log.read_text().startswith("line 0\nline 1\n")
