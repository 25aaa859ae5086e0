"""`manage.py simulate`: the process, its options, and its end."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from django.core.management import CommandError, call_command

from simulator import Target
from simulator.run import BadOption, Options, destinations, run, targets
from tests.sdks import retell_takes
from tests.simulator.peer import Peer
from tests.simulator.receiver import Receiver

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


def test_without_anybody_to_call_it_ends_with_one_sentence(simulate):
    process = simulate()
    _, err = process.communicate(timeout=60)

    assert process.returncode != 0
    assert "run `make run` first" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--first-run", "/no/such/file"), "Cannot read /no/such/file"),
        (("--no-calls", "--faults", "7"), "--faults must be between 0 and 1, not 7.0."),
        (("--no-calls", "--duplicates", "-0.1"), "--duplicates must be between 0 and 1, not -0.1."),
        (("--no-calls", "--late", "2"), "--late must be between 0 and 1, not 2.0."),
        (("--no-calls", "--rate", "0"), "--rate must be between"),
        (("--no-calls", "--seed", "x"), "invalid int value"),
    ],
)
def test_a_bad_option_is_one_clear_sentence(options, sentence):
    with pytest.raises(CommandError, match=re.escape(sentence)):
        call_command("simulate", *options)


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


def connection(**differently):
    return {"platform": "retell", "id": "1", "webhook_url": "http://x/1", "webhook_secret": "s"} | differently


def test_a_first_run_file_names_who_is_told(tmp_path):
    file = tmp_path / "first-run.json"
    file.write_text(json.dumps({"connections": [connection(), connection(platform="another")]}))

    assert targets(file) == [Target("http://x/1", "s")]


def test_a_file_without_connections_tells_nobody(tmp_path):
    file = tmp_path / "first-run.json"
    file.write_text("{}")

    assert targets(file) == []


@pytest.mark.parametrize("content", ["{", "[]", '{"connections": [{"platform": "retell"}]}'])
def test_a_file_with_broken_connections_is_refused(tmp_path, content):
    file = tmp_path / "first-run.json"
    file.write_text(content)

    with pytest.raises(BadOption, match="webhook_url and webhook_secret"):
        targets(file)


async def test_a_secret_that_changed_is_found_in_the_file(tmp_path):
    file = tmp_path / "first-run.json"

    def proven(attempt, n):
        if n == 0:
            write("new")  # the seed ran again
        return 200 if retell_takes(attempt.body.decode(), api_key="new", signature=attempt.signature) else 401

    async with Peer() as peer, Receiver(proven) as receiver:

        def write(secret):
            agents = [{"name": "Odell", "llm_websocket_url": peer.url}]
            connections = [connection(webhook_url=receiver.url, webhook_secret=secret)]
            file.write_text(json.dumps({"agents": agents, "connections": connections}))

        write("old")
        said = []
        await run(Options(first_run=file, calls=1, speed=100), said.append)

    assert receiver.events[-1] == "call_analyzed"
    assert f"Webhooks to {receiver.url} are not taken: the answer was 401." in said
    assert f"Webhooks to {receiver.url} are taken again." in said


async def test_webhooks_can_be_left_out(tmp_path):
    async with Peer() as peer, Receiver() as receiver:
        file = tmp_path / "first-run.json"
        agents = [{"name": "Odell", "llm_websocket_url": peer.url}]
        file.write_text(json.dumps({"agents": agents, "connections": [connection(webhook_url=receiver.url)]}))
        await run(Options(first_run=file, calls=1, speed=100, webhooks=False), lambda line: None)

    assert receiver.attempts == []
