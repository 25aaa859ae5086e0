"""One word to many browsers: our consumer beside the floors, nchan and stock Channels, in turns.

Figures are on-CPU seconds of the server per million deliveries (one token that reaches one reader), which the
machine's other work disturbs less than wall time; ratios within one loop are what counts.
"""

import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import redis

from bench import processes

RATE = 50.0  # tokens a second and call
NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")


@dataclass(frozen=True, slots=True)
class Workload:
    name: str
    readers: int
    calls: int
    all_calls: bool = False  # each reader has all calls on one connection
    meaning: str = ""


WORKLOADS = [
    Workload("A100", 100, 1, meaning="one call, 100 readers"),
    Workload("A1000", 1000, 1, meaning="one call, 1,000 readers"),
    Workload("C", 200, 20, all_calls=True, meaning="20 calls on each of 200 connections"),
]


@dataclass(frozen=True, slots=True)
class Served:
    process: subprocess.Popen
    port: int
    path: str  # one call, with %d
    path_of_all: str
    publish: tuple[str, int]  # how, and on which port


@dataclass(frozen=True, slots=True)
class Figures:
    cpu: float  # seconds per million deliveries
    p50: float
    p99: float
    lost: float  # share of tokens that did not arrive
    kb: float  # a connection
    frames: float


System = Callable[[], AbstractContextManager[Served]]


@contextmanager
def asgi(server: str, kind: str, env: dict) -> Iterator[Served]:
    port = processes.free_port()
    if server == "uvicorn":
        argv = processes.python("uvicorn", "bench.apps:application", "--port", str(port), "--loop", "uvloop")
        argv += ["--http", "httptools", "--lifespan", "off", "--no-access-log", "--backlog", "4096"]
        argv += ["--log-level", "error"]
    else:
        argv = processes.python("daphne", "-v", "0", "-p", str(port), "bench.apps:application")
    env = os.environ | env | {"STREAM_LIMIT_PER_USER": "100000"}
    with processes.child(argv, 0, env=env, stdout=subprocess.DEVNULL) as process:
        processes.wait_for_port(port)
        yield Served(process, port, f"/{kind}/%d", f"/{kind}/all", (kind, 0))


@contextmanager
def floor(argv: list[str]) -> Iterator[Served]:
    tcp, udp = processes.free_port(), processes.free_port()
    with processes.child([*argv, str(tcp), str(udp)], 0) as process:
        processes.wait_for_port(tcp)
        yield Served(process, tcp, "/c/%d", "/all", ("floor", udp))


@contextmanager
def nchan() -> Iterator[Served]:
    port = processes.free_port()
    with tempfile.TemporaryDirectory(prefix="earshot-nchan-") as folder:
        channels = ",".join(str(call) for call in range(20))
        config = Path(folder) / "nginx.conf"
        config.write_text(f"""
            load_module {NCHAN}; daemon off; worker_processes 1; pid {folder}/pid; error_log stderr crit;
            events {{ worker_connections 8192; }}
            http {{ access_log off; client_body_temp_path {folder};
              server {{ listen 127.0.0.1:{port} backlog=4096;
              location ~ ^/pub/(\\w+)$ {{ nchan_publisher http; nchan_channel_id $1;
                nchan_message_buffer_length 100; }}
              location ~ ^/c/(\\w+)$ {{ nchan_subscriber eventsource; nchan_channel_id $1;
                nchan_subscriber_first_message newest; }}
              location = /all {{ nchan_subscriber eventsource; nchan_channel_id "{channels}";
                nchan_channel_id_split_delimiter ","; nchan_subscriber_first_message newest; }} }} }}""")
        argv = ["nginx", "-p", folder, "-e", "stderr", "-c", str(config)]
        with processes.child(argv, 0, stderr=subprocess.DEVNULL) as process:
            processes.wait_for_port(port)
            yield Served(process, port, "/c/%d", "/all", ("nchan", port))


def systems(programs: dict[str, list[str]], env: dict) -> dict[str, System]:
    """What can be measured on this machine, the yardsticks first."""
    found: dict[str, System] = {}
    if "floor" in programs:
        found["floor: C, epoll"] = partial(floor, programs["floor"])
    found["floor: Python, transport.write"] = partial(floor, processes.python("bench.floor"))
    if NCHAN.exists() and shutil.which("nginx"):
        found["nginx nchan"] = nchan
    found["Earshot, uvicorn"] = partial(asgi, "uvicorn", "product", env)
    found["Earshot, daphne"] = partial(asgi, "daphne", "product", env)
    found["stock Channels, uvicorn"] = partial(asgi, "uvicorn", "stock", env)
    return found


def measure(served: Served, workload: Workload, load: list[str], env: dict, seconds: float) -> Figures:
    """Connect the readers, say what is to be said, and see what it cost."""
    pid = served.process.pid
    empty = processes.memory_kb(pid)
    path = served.path_of_all if workload.all_calls else served.path
    argv = [*load, str(served.port), str(workload.readers), path, str(workload.calls)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with processes.child(argv, 1, **pipes) as readers:
        assert json.loads(readers.stdout.readline())["connected"] == workload.readers
        time.sleep(0.5)
        full, before = processes.memory_kb(pid), processes.cpu_seconds(pid)
        how, port = served.publish
        publish = [how, str(workload.calls), str(RATE), str(seconds), str(port)]
        with processes.child(
            processes.python("bench.publish", *publish),
            1,
            env=os.environ | env,
            stdout=subprocess.PIPE,
            text=True,
        ) as source:
            said = int(source.stdout.readline())
            source.wait(10)
        time.sleep(0.5)
        cpu = processes.cpu_seconds(pid) - before
        readers.stdin.close()
        got = json.loads(readers.stdout.readline())
    expected = said * workload.readers // (1 if workload.all_calls else workload.calls)
    return Figures(
        cpu=cpu / max(1, got["tokens"]) * 1e6,
        p50=got["p50"],
        p99=got["p99"],
        lost=max(0.0, 1 - got["tokens"] / expected),
        kb=(full - empty) / workload.readers,
        frames=got.get("reads", 0) / max(1, got["tokens"]),
    )


def run(loops: int, seconds: float, only: str = "", systems_named: str = "") -> list[str]:
    """All systems in turns, `loops` times; the table's lines."""
    lines = []
    with processes.own_redis() as env, processes.native_programs() as programs:
        if "floor" not in programs:
            lines.append("No C compiler here: the readers are Python and take CPU from what is measured.")
        known = {name: each for name, each in systems(programs, env).items() if systems_named in name}
        for workload in WORKLOADS:
            if only and only != workload.name:
                continue
            taken: dict[str, list[Figures]] = {name: [] for name in known}
            for _ in range(loops):
                for name, system in known.items():
                    # What was said to the one before would be told to this one's readers as well.
                    redis.Redis.from_url(env["REDIS_URL"]).flushall()
                    with system() as served:
                        taken[name].append(measure(served, workload, programs["load"], env, seconds))
            lines += table(workload, taken)
    return lines


def table(workload: Workload, taken: dict[str, list[Figures]]) -> list[str]:
    yardstick = "nginx nchan" if "nginx nchan" in taken else next(iter(taken))
    head = f"{workload.name}: {workload.meaning}, {RATE:g} tokens/s a call"
    lines = ["", f"{head:<54} {'CPU s/M':>8} {'ratio':>6} {'p50 ms':>7} {'p99 ms':>8} {'lost':>6} {'KB':>5}"]
    for name, figures in taken.items():
        middle = {
            field: statistics.median(getattr(each, field) for each in figures)
            for field in ("cpu", "p50", "p99", "lost", "kb")
        }
        pairs = zip(figures, taken[yardstick], strict=True)
        ratio = statistics.median(mine.cpu / its.cpu for mine, its in pairs if its.cpu)
        lines.append(
            f"  {name:<52} {middle['cpu']:>8.2f} {ratio:>6.2f} {middle['p50']:>7.1f} {middle['p99']:>8.1f}"
            f" {middle['lost']:>6.1%} {middle['kb']:>5.0f}"
        )
    return [*lines, f"  (ratio to {yardstick}, loop by loop; medians of {len(next(iter(taken.values())))})"]
