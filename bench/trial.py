"""One turn of one system: readers come, the source speaks, and what it cost is read from the kernel."""

import json
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench import processes
from bench.speech import Speech
from bench.systems import Ground, Served

SETTLE_S = 0.3
# Linux acknowledges the first 16 packets of a connection one by one (TCP_MAX_QUICKACKS), here at the cost of
# the sender: each takes twice the time of those that follow. Who watches a call does so for minutes, so these
# do not count.
FIRST_S = 0.45
LONGEST_S = 60.0
QUIET = 0.05  # of a core: nothing is left of the turn before


@dataclass(frozen=True, slots=True)
class Workload:
    """`readers` of one call each (or of all on one connection), `rate` tokens a second and call."""

    name: str
    readers: int
    calls: int
    meaning: str
    rate: float = 50.0
    burst: int = 1
    all_calls: bool = False  # each reader has all calls on one connection


@dataclass(frozen=True, slots=True)
class Figures:
    cpu: float  # seconds of the server per million deliveries
    p50: float  # milliseconds from being said to being read
    p99: float
    lost: float  # share of tokens that did not arrive
    frames: float  # a token
    idle_kb: float  # a connection, before anything was said
    kb: float  # and after
    connects: float  # a second
    connect_ms: float  # of the server's CPU
    source_ms: float  # of CPU per 1,000 tokens, less what speaking costs at all
    redis_ms: float


def on_cpu(pid: int) -> float:
    """Seconds that a process and its children have been on a CPU, to the nanosecond where the kernel says."""
    tasks = [task for each in processes.family(pid) for task in Path(f"/proc/{each}/task").iterdir()]
    try:
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    except FileNotFoundError:
        return processes.cpu_seconds(pid)


def wait_until_quiet(pid: int, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = on_cpu(pid)
        time.sleep(0.2)
        if on_cpu(pid) - before < QUIET * 0.2:
            return


class Source:
    """The process that speaks, for all turns."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.process = process
        self.idle_ms = 0.0  # of CPU per 1,000 tokens said to nobody

    def speak(self, speech: Speech) -> int:
        self.process.stdin.write(json.dumps(asdict(speech)) + "\n")
        self.process.stdin.flush()
        return int(line_of(self.process, speech.seconds + LONGEST_S))


@contextmanager
def source(ground: Ground) -> Iterator[Source]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with processes.child(processes.python("bench.publish"), 1, env=ground.env, **pipes) as process:
        speaker = Source(process)
        speaker.speak(Speech("nobody", 0, 0, 20, 50.0, 0.2))
        before = on_cpu(process.pid)
        said = speaker.speak(Speech("nobody", 0, 0, 20, 50.0, 2.0))
        speaker.idle_ms = (on_cpu(process.pid) - before) * 1e6 / said
        yield speaker


def line_of(process: subprocess.Popen, seconds: float) -> str:
    """The next line a child prints. Its lines are answers, so there is never a second one waiting."""
    if not select.select([process.stdout], [], [], seconds)[0]:
        raise TimeoutError(f"{process.args} has said nothing for {seconds:g} s")
    return process.stdout.readline()


@contextmanager
def readers(load: list[str], served: Served, workload: Workload, run: int) -> Iterator[tuple]:
    """All connected: the process that reads, and what it has said of that."""
    path = served.all(run) if workload.all_calls else served.one(run)
    argv = [*load, str(served.port), str(workload.readers), path, str(workload.calls), served.header]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with processes.child(argv, 1, **pipes) as process:
        told = json.loads(line_of(process, LONGEST_S))
        if told["refused"]:
            raise SystemExit(f"{told['refused']} of {workload.readers} readers of {path} were refused")
        yield process, told


def result(reading: subprocess.Popen) -> dict:
    reading.stdin.close()
    return json.loads(line_of(reading, LONGEST_S))


def turn(
    ground: Ground,
    served: Served,
    source: Source,
    load: list[str],
    workload: Workload,
    run: int,
    seconds: float,
) -> Figures:
    """Connect the readers, say what is to be said, and see what it cost."""
    speech = Speech(
        served.how,
        served.to,
        run,
        workload.calls,
        workload.rate,
        seconds,
        burst=workload.burst,
        tagged=workload.all_calls,
        workspace=ground.workspace,
    )
    watched = (served.pid, source.process.pid, ground.redis_pid)
    empty, unconnected = processes.memory_kb(served.pid), on_cpu(served.pid)
    with readers(load, served, workload, run) as (reading, arrived):
        time.sleep(SETTLE_S)
        idle, connected = processes.memory_kb(served.pid), on_cpu(served.pid)
        source.speak(replace(speech, seconds=FIRST_S * workload.burst))
        time.sleep(SETTLE_S)
        reading.stdin.write("\n")
        reading.stdin.flush()
        before = [on_cpu(pid) for pid in watched]
        said = source.speak(speech)
        time.sleep(SETTLE_S)
        full, after = processes.memory_kb(served.pid), [on_cpu(pid) for pid in watched]
        got = result(reading)
    cpu, source_cpu, redis_cpu = (late - early for early, late in zip(before, after, strict=True))
    expected = said * workload.readers // (1 if workload.all_calls else workload.calls)
    tokens = max(1, got["tokens"])
    return Figures(
        cpu=cpu / tokens * 1e6,
        p50=got["p50"],
        p99=got["p99"],
        lost=max(0.0, 1 - tokens / expected),
        frames=got["frames"] / tokens,
        idle_kb=(idle - empty) / workload.readers,
        kb=(full - empty) / workload.readers,
        connects=workload.readers / arrived["ms"] * 1000,
        connect_ms=(connected - unconnected) * 1000 / workload.readers,
        source_ms=max(0.0, source_cpu * 1e6 / said - source.idle_ms),
        redis_ms=redis_cpu * 1e6 / said,
    )
