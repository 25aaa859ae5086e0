"""Browsers that never read, beside others that do: what is held for them, and what the others notice."""

import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import processes, trial
from bench.speech import Speech
from bench.systems import Ground, Served
from bench.targets import Target
from bench.trial import Source, Workload

DEAF = 5
SECONDS, TURNS = 4.0, 3
# 8 MB to each reader, more than the kernel takes for one that does not read.
TOKEN, RATE = 8 << 10, 250.0
WORKLOAD = Workload("deaf", 20, 1, "20 readers, 2 MB/s each", rate=RATE)
MOST_MB, MOST_SLOWER = 4.0, 1.2


@dataclass(frozen=True, slots=True)
class Turn:
    p99: float  # of those who read
    lost: float
    grown: float  # MB of the server, from before the speech to its end
    queued: float  # MB in the kernel for each who never reads


@contextmanager
def never_reading(served: Served, run: int, count: int) -> Iterator[list[int]]:
    """So many connections that ask and read nothing; gives their ports."""
    request = f"GET {served.one(run) % 0} HTTP/1.1\r\nHost: 127.0.0.1\r\n{served.header}\r\n\r\n".encode()
    opened = []
    try:
        for _ in range(count):
            opened.append(browser := socket.socket())
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            browser.connect(("127.0.0.1", served.port))
            browser.sendall(request)
        yield [browser.getsockname()[1] for browser in opened]
    finally:
        for browser in opened:
            browser.close()


def kernel_mb(port: int, peers: list[int]) -> float:
    """What the kernel holds of a server's words for these peers, each."""
    held = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        if int(local.split(":")[1], 16) == port and int(remote.split(":")[1], 16) in peers:
            held += int(queues.split(":")[0], 16)
    return held / max(1, len(peers)) / 1e6


def turn(ground: Ground, served: Served, source: Source, load: list[str], run: int, count: int) -> Turn:
    with (
        trial.readers(load, served, WORKLOAD, run) as (reading, _),
        never_reading(served, run, count) as deaf,
    ):
        time.sleep(trial.SETTLE_S)
        before = processes.memory_kb(served.pid)
        said = source.speak(
            Speech(served.how, served.to, run, 1, RATE, SECONDS, size=TOKEN, workspace=ground.workspace)
        )
        grown = (processes.memory_kb(served.pid) - before) / 1000
        queued = kernel_mb(served.port, deaf)
        time.sleep(trial.SETTLE_S)
        got = trial.result(reading)
    return Turn(got["p99"], 1 - got["tokens"] / said / WORKLOAD.readers, grown, queued)


def run(
    ground: Ground,
    systems: dict[str, Served],
    source: Source,
    load: list[str],
    turns: Iterator[int],
    loops: int,
) -> dict[str, list[tuple[Turn, Turn]]]:
    """Of each system, pairs: without those who never read, and with them."""
    taken: dict[str, list[tuple[Turn, Turn]]] = {name: [] for name in systems}
    for _ in range(min(loops, TURNS)):
        for name, served in systems.items():
            alone = turn(ground, served, source, load, next(turns), 0)
            trial.wait_until_quiet(served.pid)
            beside = turn(ground, served, source, load, next(turns), DEAF)
            trial.wait_until_quiet(served.pid)
            taken[name].append((alone, beside))
    return taken


def held_mb(pairs: list[tuple[Turn, Turn]]) -> float:
    """For each: in the server, over what the same speech costs without them, and in the kernel."""
    return statistics.median(
        max(0.0, beside.grown - max(0.0, alone.grown)) / DEAF + beside.queued for alone, beside in pairs
    )


def slower(pairs: list[tuple[Turn, Turn]]) -> float:
    return statistics.median(beside.p99 / alone.p99 for alone, beside in pairs)


def table(taken: dict[str, list[tuple[Turn, Turn]]]) -> Iterator[str]:
    yield f"\ndeaf: {WORKLOAD.meaning}, {DEAF} more that never read"
    yield (
        f"{'':<32} {'MB held':>8} {'in kernel':>10} {'p99 alone':>10} {'beside':>8} {'ratio':>6} {'lost':>6}"
    )
    for name, pairs in taken.items():
        alone, beside = (statistics.median(pair[i].p99 for pair in pairs) for i in (0, 1))
        queued, lost = (
            statistics.median(getattr(pair[1], each) for pair in pairs) for each in ("queued", "lost")
        )
        yield (
            f"  {name:<30} {held_mb(pairs):>8.2f} {queued:>10.2f} {alone:>10.1f} {beside:>8.1f}"
            f" {slower(pairs):>6.2f} {lost:>6.1%}"
        )


def targets(taken: dict[str, list[tuple[Turn, Turn]]]) -> list[Target]:
    found = []
    for name, pairs in taken.items():
        found.append(Target(f"deaf: held for one that never reads, {name}", held_mb(pairs), MOST_MB, "MB"))
        found.append(Target(f"deaf: the others' p99 beside them, {name}", slower(pairs), MOST_SLOWER, "×"))
    return found
