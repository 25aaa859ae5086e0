"""`manage.py simulate`: the process, its options, and its end."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from simulator.run import BadOption, Options, destinations, run

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.processes


@pytest.fixture
def simulate(tmp_path):
    """Start `manage.py simulate`, away from any database."""
    started = []

    def start(*options):
        environment = {
            **os.environ,
            "DEBUG": "1",
            "EARSHOT_HOME": str(tmp_path),
            "DATABASE_URL": "postgres://nobody@127.0.0.1:9/none",
            "REDIS_URL": "redis://127.0.0.1:9/0",
        }
        process = subprocess.Popen(
            [sys.executable, "manage.py", "simulate", *options],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


def test_it_serves_and_stops_when_told(simulate):
    process = simulate("--no-calls")
    url = process.stdout.readline().split()[-1]

    assert httpx.get(f"{url}/stats", trust_env=False).json()["live"] == 0
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out.strip(), err) == (0, "Stopped.", "")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "run `make run` first"),
        (("--first-run", "/no/such/file"), "Cannot read /no/such/file"),
        (("--no-calls", "--faults", "7"), "--faults must be between 0 and 1, not 7.0."),
        (("--no-calls", "--rate", "0"), "--rate must be between"),
        (("--no-calls", "--seed", "x"), "invalid int value"),
    ],
)
def test_a_bad_option_is_one_clear_sentence(simulate, options, sentence):
    process = simulate(*options)
    _, err = process.communicate(timeout=20)

    assert process.returncode != 0
    assert sentence in err
    assert "Traceback" not in err


async def test_a_taken_port_is_named():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]

        with pytest.raises(BadOption, match=f"Cannot listen on port {port}"):
            await run(Options(port=port), print)


def test_a_first_run_file_names_who_to_call(tmp_path):
    file = tmp_path / "first-run.json"
    file.write_text(json.dumps({"agents": [{"id": "1", "name": "Odell", "llm_websocket_url": "ws://x/k"}]}))

    assert destinations(file) == {"Odell": "ws://x/k"}


@pytest.mark.parametrize("content", ["{", "[]", '{"agents": [{}]}', '{"agents": []}'])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    file = tmp_path / "first-run.json"
    file.write_text(content)

    with pytest.raises(BadOption, match=r"first-run\.json"):
        destinations(file)
