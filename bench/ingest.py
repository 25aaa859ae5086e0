"""Webhooks taken in: the real application beside FastAPI + asyncpg and beside PostgreSQL alone, in turns.

2 KB bodies, signed; 64 keep-alive connections; synchronous commits. The server is on one core, as far as the
machine allows, and whoever posts on another. Ratios within one loop are what counts.
"""

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
import uvloop

from bench import deliveries, post, processes
from bench.deliveries import To
from bench.ports import own_port

CONNECTIONS = 64
REQUESTS, WARM_UP = 25_000, 2_000
# How slow PostgreSQL is made for the overload, and how much is asked of it then.
SLOW_ROW_S, RATE, OVERLOAD_S = 0.01, 2_000, 10  # two statements under way: 200 rows a second
IN_TIME_MS = 3_000
PGBENCH = """
INSERT INTO webhooks_delivery (
  id, created_at, workspace_id, connection_id, platform, kind, platform_call_id, digest, body, size,
  headers, signed_at, trace_id, status, error, repeats, attempts, replays)
VALUES (uuidv7(), now(), '{to.workspace}', '{to.connection}', 'retell', 'call_ended', uuidv7()::text,
  md5(random()::text) || md5(random()::text), convert_to(:body::text, 'UTF8'), 2048, :headers::jsonb, now(),
  md5(random()::text), 'pending', '', 0, 0, 0)
ON CONFLICT (connection_id, digest) DO UPDATE SET repeats = webhooks_delivery.repeats + 1, repeated_at = now()
RETURNING id;
"""
SLOW = f"""
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep({SLOW_ROW_S}); RETURN NEW; END $$;
CREATE TRIGGER slowly BEFORE INSERT ON webhooks_delivery FOR EACH ROW EXECUTE FUNCTION slowly();
"""


@dataclass(frozen=True, slots=True)
class Figures:
    rate: float  # requests a second
    cpu_ms: float  # of the server, a request; 0: there is none
    p50: float = 0.0
    p99: float = 0.0


@contextmanager
def prepared() -> Iterator[tuple[dict[str, str], To]]:
    """Servers with our schema and a connection in it; and the environment that names them."""
    with processes.own_redis() as redis_env, processes.own_postgres() as postgres_env:
        env = os.environ | redis_env | postgres_env
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], env=env, check=True)
        made = subprocess.run(
            processes.python("bench.deliveries"), env=env, check=True, stdout=subprocess.PIPE
        )
        yield env, To(**json.loads(made.stdout))


@contextmanager
def earshot(env: dict[str, str]) -> Iterator[tuple[int, int]]:
    """As `manage.py up` runs a web process. Gives its pid and port."""
    port = own_port()
    with processes.child([sys.executable, "manage.py", "serve", "--port", str(port)], 0, env=env) as server:
        processes.wait_until_healthy(port, 60)
        yield server.pid, port


@contextmanager
def fastapi(env: dict[str, str], to: To) -> Iterator[tuple[int, int]]:
    port = own_port()
    argv = processes.python("uvicorn", "bench.ingest_rival:app", "--port", str(port), "--loop", "uvloop")
    argv += ["--http", "httptools", "--no-access-log", "--log-level", "error", "--backlog", "4096"]
    env = env | {"BENCH_CONNECTION": to.connection, "BENCH_WORKSPACE": to.workspace}
    with processes.child(argv, 0, env=env) as server:
        processes.wait_for_port(port)
        yield server.pid, port


def posted(server: AbstractContextManager[tuple[int, int]], load: list[str], to: To) -> Figures:
    """Warm it up, post, and see what it cost."""
    with server as (pid, port), tempfile.TemporaryDirectory(prefix="earshot-bench-") as folder:
        file = Path(folder) / "requests"

        def go(count: int) -> dict:
            deliveries.write(file, to, count)
            argv = [*load, str(port), str(CONNECTIONS), str(file)]
            with processes.child(argv, 1, stdout=subprocess.PIPE, text=True) as client:
                told = json.loads(client.communicate(timeout=300)[0])
            assert told["other"] == 0, told
            return told

        go(WARM_UP)
        before = processes.cpu_seconds(pid)
        told = go(REQUESTS)
        cpu_ms = (processes.cpu_seconds(pid) - before) * 1000 / REQUESTS
    return Figures(REQUESTS / told["seconds"], cpu_ms, told["p50"], told["p99"])


def pgbench(program: Path, env: dict[str, str], to: To) -> Figures:
    """PostgreSQL alone: the same row, one at a time, from 64 clients with prepared statements.

    The same body and headers too: PostgreSQL compresses a row of this size, and one letter 2,048 times
    costs it next to nothing.
    """
    body, headers = deliveries.kept(to)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(PGBENCH.format(to=to))
        script.flush()
        argv = [str(program), "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "1"]
        argv += ["-t", str(REQUESTS // CONNECTIONS), "-f", script.name]
        argv += ["-D", f"body={body}", "-D", f"headers={headers}"]
        with processes.child([*argv, env["DATABASE_URL"]], 1, stdout=subprocess.PIPE, text=True) as client:
            told = client.communicate(timeout=300)[0]
    return Figures(float(re.search(r"tps = ([\d.]+)", told)[1]), 0.0)


def run(loops: int) -> Iterator[str]:
    """The systems in turns, then the overload; the lines of both tables."""
    with prepared() as (env, to), processes.native_programs() as programs:
        load = programs.get("post", processes.python("bench.post"))
        systems: dict[str, Callable[[], Figures]] = {
            "Earshot": lambda: posted(earshot(env), load, to),
            "FastAPI + asyncpg": lambda: posted(fastapi(env, to), load, to),
        }
        program = processes.postgres_program("pgbench")
        if program:
            systems["PostgreSQL alone (pgbench, prepared)"] = partial(pgbench, program, env, to)
        taken: dict[str, list[Figures]] = {name: [] for name in systems}
        for _ in range(loops):
            for name, system in systems.items():
                taken[name].append(system())
        yield from table(taken)
        yield from overload(env, to)


def table(taken: dict[str, list[Figures]]) -> Iterator[str]:
    ours = taken["Earshot"]
    yield (
        f"{'ingest: 2 KB webhooks, 64 connections':<38} {'req/s':>7} {'ours ×':>7} {'CPU ms':>7}"
        f" {'per CPU s ×':>11} {'p50 ms':>7} {'p99 ms':>7}"
    )
    for name, figures in taken.items():
        middle = {
            each: statistics.median(getattr(figure, each) for figure in figures)
            for each in ("rate", "cpu_ms", "p50", "p99")
        }
        faster = statistics.median(mine.rate / its.rate for mine, its in zip(ours, figures, strict=True))
        leaner = statistics.median(its.cpu_ms / mine.cpu_ms for mine, its in zip(ours, figures, strict=True))
        cost = f"{middle['cpu_ms']:>7.3f} {leaner:>11.2f}" if middle["cpu_ms"] else f"{'':>19}"
        late = f"{middle['p50']:>7.1f} {middle['p99']:>7.1f}" if middle["p99"] else ""
        yield f"  {name:<36} {middle['rate']:>7.0f} {faster:>7.2f} {cost} {late}"
    yield f"  (ours × : Earshot's figure over this one's, loop by loop; medians of {len(ours)})"


def overload(env: dict[str, str], to: To) -> Iterator[str]:
    """Ten times what PostgreSQL can take: everybody is answered in time, and what was accepted is there."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (most, most)
    )  # whoever waits holds a connection, here and there
    with psycopg.connect(env["DATABASE_URL"], autocommit=True) as database:
        database.execute("TRUNCATE webhooks_delivery")
        database.execute(SLOW)
        with earshot(env) as (_, port), tempfile.NamedTemporaryFile() as file:
            deliveries.write(Path(file.name), to, RATE * OVERLOAD_S)
            heard = uvloop.run(post.at_rate(port, RATE, Path(file.name)))
        [kept] = database.execute("SELECT count(*) FROM webhooks_delivery").fetchone()
    accepted, refused = heard.statuses[200], heard.statuses[503]
    slowest = {status: max(times) for status, times in heard.ms.items()}
    yield ""
    yield f"ingest, overloaded: {RATE} requests/s for {OVERLOAD_S} s, PostgreSQL slowed to 200 rows/s"
    other = heard.statuses.total() - accepted - refused
    yield f"  accepted {accepted}, told to try again {refused}, anything else {other}"
    yield f"  kept {kept} (accepted and lost: {max(0, accepted - kept)})"
    ok, again = slowest.get(200, 0), slowest.get(503, 0)
    yield f"  slowest 200 {ok:.0f} ms, slowest 503 {again:.0f} ms (target {IN_TIME_MS})"
