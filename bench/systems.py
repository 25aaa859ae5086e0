"""What is compared: our product as it is served, and its peers, each a process on the server's core."""

import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import redis
from cryptography.fernet import Fernet

from bench import processes
from bench.ports import own_port
from bench.speech import CALLS, call_id, call_ids

NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
PEERS = Path(__file__).parent / "peers"
C_FLOOR, FLOOR = "floor: C, epoll", "floor: Python, transport.write"
NGINX, NODE, STARLETTE = "nginx nchan", "node http", "FastAPI + sse-starlette"
OURS, DAPHNE = "Earshot, uvicorn", "Earshot, daphne"
STOCK, STOCK_DAPHNE = "stock Channels, uvicorn", "stock Channels, daphne"
UVICORN = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--backlog", "4096"]
UVICORN += ["--log-level", "error"]


@dataclass(frozen=True, slots=True)
class Served:
    """A system that runs. Of a run, `one` is the path of a call, with a `%` for its number; `all` of all."""

    pid: int
    port: int
    one: Callable[[int], str]
    all: Callable[[int], str]
    how: str  # it is spoken to
    to: int = 0
    header: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """What all of them stand on."""

    env: dict[str, str]
    workspace: str
    token: str
    redis_pid: int


System = Callable[[], AbstractContextManager[Served]]


@contextmanager
def ground(runs: int) -> Iterator[Ground]:
    """A PostgreSQL with `runs` times 20 calls, and a Redis."""
    with processes.own_redis() as ours, processes.own_postgres() as database:
        env = os.environ | ours | database
        env |= {"DEBUG": "0", "SECRET_KEY": secrets.token_urlsafe(50), "STREAM_LIMIT_PER_USER": "100000"}
        env |= {"FIELD_ENCRYPTION_KEY": Fernet.generate_key().decode()}
        subprocess.run([*processes.python("manage"), "migrate", "-v", "0"], env=env, check=True)
        record = processes.python("bench.record", str(runs))
        made = subprocess.run(record, env=env, check=True, stdout=subprocess.PIPE)
        with redis.Redis.from_url(env["REDIS_URL"]) as client:
            pid = client.info("server")["process_id"]
        processes.pin(pid, 1)  # wherever it has been, what a server keeps near at hand is gone from there
        yield Ground(env, **json.loads(made.stdout), redis_pid=pid)


@contextmanager
def earshot(server: str, ground: Ground) -> Iterator[Served]:
    """The whole application, as `manage.py up` runs a web process; under daphne as its users would."""
    port = own_port()
    if server == "uvicorn":
        argv = [*processes.python("manage"), "serve", "--port", str(port)]
    else:
        argv = processes.python("daphne", "-v", "0", "-p", str(port), "config.asgi:application")
    header = f"Authorization: Bearer {ground.token}"

    def one(run: int) -> str:
        return f"/live/calls/{call_ids(run)}/stream"

    def all_of(run: int) -> str:
        return "/live/stream?" + "&".join(f"call={call_id(run, call)}" for call in range(CALLS))

    with processes.child(argv, 0, env=ground.env, stdout=subprocess.DEVNULL) as process:
        processes.wait_until_healthy(port, 60)
        yield Served(process.pid, port, one, all_of, "product", header=header)


def _one(run: int) -> str:
    return f"/{run}/%d"


def _all(run: int) -> str:
    return f"/{run}/all"


@contextmanager
def peer(argv: list[str], port: int, how: str, to: int = 0, env: dict | None = None) -> Iterator[Served]:
    with processes.child(argv, 0, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        processes.wait_for_port(port)
        yield Served(process.pid, port, _one, _all, how, to)


def floor(argv: list[str], ground: Ground) -> AbstractContextManager[Served]:
    tcp, udp = own_port(), own_port()
    return peer([*argv, str(tcp), str(udp)], tcp, "floor", udp)


def uvicorn(app: str, how: str, ground: Ground, **env: str) -> AbstractContextManager[Served]:
    port = own_port()
    argv = processes.python("uvicorn", app, "--port", str(port), *UVICORN)
    return peer(argv, port, how, env=ground.env | env)


def stock_daphne(ground: Ground) -> AbstractContextManager[Served]:
    port = own_port()
    argv = processes.python("daphne", "-v", "0", "-p", str(port), "bench.peers.stock:application")
    layer = {"BENCH_LAYER": "channels_redis.core.RedisChannelLayer"}
    return peer(argv, port, "core", env=ground.env | layer)


def node(ground: Ground) -> AbstractContextManager[Served]:
    port = own_port()
    socket = redis.connection.parse_url(ground.env["REDIS_URL"])["path"]
    return peer(["node", str(PEERS / "node.mjs"), str(port), socket, str(CALLS)], port, "redis")


@contextmanager
def nchan(ground: Ground) -> Iterator[Served]:
    port = own_port()
    with tempfile.TemporaryDirectory(prefix="earshot-nchan-") as folder:
        every = ",".join(f"$1x{call}" for call in range(CALLS))
        config = Path(folder) / "nginx.conf"
        config.write_text(f"""
            load_module {NCHAN}; daemon off; worker_processes 1; pid {folder}/pid; error_log stderr crit;
            events {{ worker_connections 8192; }}
            http {{ access_log off; client_body_temp_path {folder};
              server {{ listen 127.0.0.1:{port} backlog=4096;
              location ~ ^/pub/(\\w+)$ {{ nchan_publisher http; nchan_channel_id $1;
                nchan_message_buffer_length 100; }}
              location ~ ^/(\\d+)/all$ {{ nchan_subscriber eventsource; nchan_channel_id "{every}";
                nchan_channel_id_split_delimiter ","; nchan_subscriber_first_message newest; }}
              location ~ ^/(\\d+)/(\\d+)$ {{ nchan_subscriber eventsource; nchan_channel_id $1x$2;
                nchan_subscriber_first_message newest; }} }} }}""")
        argv = ["nginx", "-p", folder, "-e", "stderr", "-c", str(config)]
        with peer(argv, port, "nchan", port) as served:
            yield served


def known(programs: dict[str, list[str]], ground: Ground) -> tuple[dict[str, System], list[str]]:
    """What can be measured on this machine, the yardsticks first; and what cannot, and why."""
    found: dict[str, System] = {}
    missing = []
    if "floor" in programs:
        found[C_FLOOR] = partial(floor, programs["floor"], ground)
    else:
        missing.append("no C compiler: no C floor, and the readers are Python and take CPU from the others")
    found[FLOOR] = partial(floor, processes.python("bench.floor"), ground)
    if NCHAN.exists() and shutil.which("nginx"):
        found[NGINX] = partial(nchan, ground)
    else:
        missing.append("no nginx with nchan: ratios are to the first floor")
    if shutil.which("node"):
        found[NODE] = partial(node, ground)
    else:
        missing.append("no node")
    found[OURS] = partial(earshot, "uvicorn", ground)
    found[DAPHNE] = partial(earshot, "daphne", ground)
    found[STARLETTE] = partial(uvicorn, "bench.peers.starlette:app", "redis", ground)
    layer = "channels_redis.pubsub.RedisPubSubChannelLayer"
    found[STOCK] = partial(uvicorn, "bench.peers.stock:application", "pubsub", ground, BENCH_LAYER=layer)
    found[STOCK_DAPHNE] = partial(stock_daphne, ground)
    return found, missing
