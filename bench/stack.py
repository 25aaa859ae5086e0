"""A whole Earshot with numbered tokens, in a folder that is thrown away: what end-to-end benchmarks drive."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.ports import own_port

ROOT = Path(__file__).resolve().parent.parent
MANAGE = [sys.executable, str(ROOT / "manage.py")]
START_WITHIN, STOP_WITHIN = 120, 30
# The benchmark's own servers and the simulator's models, whatever the shell is set up for.
LEFT_OUT = ("DATABASE_URL", "REDIS_URL", "REDIS_LOG_URL", "OPENAI_API_KEY", "ANTHROPIC_API_KEY")


@dataclass(frozen=True, slots=True)
class Stack:
    url: str
    simulator: str
    email: str
    password: str
    env: dict[str, str]  # for further processes of the same Earshot


@contextmanager
def running() -> Iterator[Stack]:
    """`manage.py up` and, as a process of its own, the simulator with calls coming in."""
    with tempfile.TemporaryDirectory(prefix="earshot-bench-") as folder:
        env = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
        env |= {"EARSHOT_HOME": folder, "PYTHONUNBUFFERED": "1", "PRIVATE_HOSTS": "127.0.0.1"}
        port, simulator_port = own_port(), own_port()
        url, simulator = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{simulator_port}"
        processes: list[subprocess.Popen] = []
        with (Path(folder) / "bench.log").open("w+") as log:

            def start(*words: str) -> subprocess.Popen:
                process = subprocess.Popen([*MANAGE, *words], env=env, stdout=log, stderr=log)
                processes.append(process)
                return process

            try:
                up = start("up", "--port", str(port), "--no-simulator")
                _wait_for("Earshot is ready", Path(log.name), up)
                seed = [*MANAGE, "seed", "--url", url, "--simulator-url", simulator]
                subprocess.run(seed, env=env, check=True, stdout=log, stderr=log)
                start("simulate", "--port", str(simulator_port), "--stamp", "--no-webhooks", "--seed", "11")
                told = json.loads((Path(folder) / "first-run.json").read_text())
                yield Stack(url, simulator, told["email"], told["password"], env)
            finally:
                for process in reversed(processes):
                    process.send_signal(signal.SIGINT)
                    process.wait(timeout=STOP_WITHIN)


def _wait_for(line: str, log: Path, process: subprocess.Popen) -> None:
    end = time.monotonic() + START_WITHIN
    while not re.search(line, log.read_text()):
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"Earshot did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)
