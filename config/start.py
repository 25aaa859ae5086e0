"""What `manage.py up` does, in order: servers, schema, first data, web, and then the rest."""

import asyncio
import json
import os
import socket
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base.embedded import folders, postgres
from base.lock import HomeLock
from base.processes import CannotStart
from base.supervisor import Supervisor
from config.listening import listen
from config.roles import Roles, metrics_folder, postgres_child, redis_child, shared_env

PREPARE_WITHIN_S = 7_200  # an index of a large database takes long, and would be begun anew
# A killed `up` leaves its web processes a moment to end; until then the port is theirs.
PORT_FREE_WITHIN_S = 15
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  how to reach ourselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    home: Path
    listening: socket.socket  # opened once, served by every web process
    here: str  # where we answer on this machine
    url: str  # where people and platforms reach us
    workers: int
    simulator: socket.socket | None  # opened as early: by then another may have got a port that was free now
    admin_email: str
    admin_password: str

    @property
    def simulator_host(self) -> str:
        """Where the simulator answers, "127.0.0.1:8001"; nothing without one."""
        return f"127.0.0.1:{self.simulator.getsockname()[1]}" if self.simulator else ""


def plan(home: Path, after_a_crash: bool, **options: Any) -> Plan:
    """Decide addresses and open the listening sockets. Raises CannotStart if our port is taken."""
    host = options["host"]
    listening = _listen(host, options["port"], after_a_crash)
    port = listening.getsockname()[1]
    reachable = EVERYWHERE.get(host, host)
    here = f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
    return Plan(
        home=home,
        listening=listening,
        here=here,
        url=os.environ.get("EARSHOT_URL", "").rstrip("/") or here,
        workers=options["workers"],
        simulator=None if options["no_simulator"] else _listen_beside(port + 1),
        admin_email=options["admin_email"],
        admin_password=options["admin_password"],
    )


async def everything(plan: Plan, held: HomeLock) -> None:
    """Start it all, keep it running until asked to stop, stop it all. Raises CannotStart."""
    with plan.listening:
        held.tell(plan.here)
        logs = folders.make_private(plan.home / "logs")
        counters = folders.make_private(metrics_folder(plan.home))
        for left in counters.iterdir():
            left.unlink()  # of the run before; Prometheus knows counters that begin again
        async with Supervisor(logs) as supervisor:
            with plan.simulator or nullcontext():  # who asks it while all of it stops must not wait for it
                await supervisor.until_stopped(asyncio.create_task(_start(plan, supervisor)))
            supervisor.say("Stopping.")


async def _start(plan: Plan, supervisor: Supervisor) -> None:
    roles = Roles(home=plan.home, env=shared_env(plan.home, plan.url, plan.simulator_host))
    if not os.environ.get("REDIS_URL"):
        await supervisor.start(redis_child(plan.home))
    if not os.environ.get("DATABASE_URL"):
        await supervisor.start(postgres_child(plan.home, supervisor.say))
        await asyncio.to_thread(postgres.provision, plan.home)
    seed = roles.manage("prepare", "seed", "--migrate", *_seed_options(plan))
    await supervisor.run("prepare", seed, PREPARE_WITHIN_S)
    fd = plan.listening.fileno()
    page = f"{plan.here}/accounts/login/"
    for number in range(1, plan.workers + 1):
        await supervisor.start(roles.web(number, fd, page))
    for child in (roles.watch(), roles.worker(), roles.beat()):
        await supervisor.start(child)
    if plan.simulator:  # the last: it is waited for, while those before it, whom nobody asks, get going
        await supervisor.start(roles.simulator(plan.simulator.fileno(), f"http://{plan.simulator_host}"))
    first = json.loads((plan.home / "first-run.json").read_text())
    supervisor.say(f"Earshot is ready at {plan.here}  (login: {first['email']} / {first['password']})")


def _seed_options(plan: Plan) -> list[str]:
    options = ["--url", plan.url]
    if plan.simulator:
        options += ["--simulator-url", f"http://{plan.simulator_host}"]
    if plan.admin_email:
        options += ["--admin-email", plan.admin_email]
    if plan.admin_password:
        options += ["--admin-password", plan.admin_password]
    return options


def _listen(host: str, port: int, after_a_crash: bool) -> socket.socket:
    deadline = time.monotonic() + (PORT_FREE_WITHIN_S if after_a_crash else 0)
    while True:
        try:
            return listen(host, port)
        except CannotStart:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def _listen_beside(wanted: int) -> socket.socket:
    """At `wanted` if nobody is there, else at any free port."""
    try:
        return listen("127.0.0.1", wanted)
    except CannotStart:
        return listen("127.0.0.1", 0)
