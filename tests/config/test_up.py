"""`manage.py up`: one command starts everything, keeps it running, and leaves nothing behind."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import redis

from base.embedded import places
from config.env import BASE_DIR
from tests.config.running import Up, a_home, family, refused, wait_for

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

QUIET = {"SIMULATOR_CROWD": "1"}  # nobody here looks at its calls


@pytest.fixture(scope="module")
def home():
    with a_home() as folder:
        yield folder


@pytest.fixture
def new_home():
    with a_home() as folder:
        yield folder


@pytest.fixture(scope="module")
def up(home):
    """One `up` that the tests below share, in their order."""
    running = Up(home, **QUIET)
    running.wait_ready()
    yield running
    if running.process.poll() is None:
        running.stop()


def test_what_it_calls_ready_answers(up):
    assert answers_http(f"{outside_world(up)}/stats")


def test_it_says_where_it_is_and_how_to_log_in(up):
    assert up.page() == 200
    first = up.first_run()
    assert (up.ready["email"], up.ready["password"]) == (first["email"], first["password"])
    assert first["url"] == up.url


def test_it_writes_what_scripts_need_for_its_owner_only(up):
    first = up.first_run()

    assert set(first) == {"url", "email", "password", "workspace", "api_token", "connections", "agents"}
    assert stat.S_IMODE((up.home / "first-run.json").stat().st_mode) == 0o600
    assert {agent["name"] for agent in first["agents"]} == {"Odell", "Juno", "Iris", "Penn"}
    assert all(set(agent) == {"id", "name", "llm_websocket_url"} for agent in first["agents"])
    assert first["connections"][0]["webhook_url"].startswith(f"{up.url}/webhooks/retell/")
    assert set(first["connections"][0]) == {"platform", "id", "webhook_url", "webhook_secret"}


def test_nobody_else_can_enter_its_folders(up):
    for name in ("secrets", "logs", "postgres", "redis"):
        assert stat.S_IMODE((up.home / name).stat().st_mode) == 0o700


def test_a_second_copy_says_who_has_the_folder(up):
    sentence = refused(up.home)

    assert f"process {up.process.pid} at {up.url}" in sentence


def test_a_second_copy_elsewhere_says_the_port_is_taken(up, tmp_path):
    port = up.url.rsplit(":", 1)[1]

    sentence = refused(tmp_path, "--port", port)
    assert f"port {port}" in sentence
    assert "--port" in sentence


def test_a_killed_web_process_costs_no_request(up):
    before = up.pid_of("web")
    with ThreadPoolExecutor(8) as pool:
        os.kill(before, signal.SIGKILL)
        wait_for(lambda: up.pid_of("web") != before)
        answers = list(pool.map(lambda _: up.page(), range(8)))

    assert answers == [200] * 8
    assert up.pid_of("web") != before


@pytest.mark.parametrize("role", ["worker", "watch", "simulator", "redis", "postgres"])
def test_what_is_killed_is_started_again(up, role):
    before = up.pid_of(role)
    os.kill(before, signal.SIGKILL)

    up.wait_for_line(rf"{role} ended \(killed by SIGKILL\); starting it again")
    assert wait_for(lambda: up.pid_of(role) not in (0, before))
    if role == "postgres":
        wait_for(lambda: answers_sql(up.home))
    if role == "redis":
        wait_for(lambda: answers_redis(up.home))
    if role == "simulator":
        assert answers_http(f"{outside_world(up)}/stats")  # where it was, and whoever asks early waits for it
    assert up.page() == 200


def test_a_crash_of_up_itself_leaves_nothing_and_loses_nothing(up, home):
    first = up.first_run()
    with psycopg.connect(places.postgres_url(home)) as connection:
        connection.execute("UPDATE accounts_workspace SET name = 'Kept'")

    before = set(family(home))
    up.kill()
    again = Up(home, **QUIET)  # at once: what is still ending must not be in its way
    again.wait_ready()
    wait_for(lambda: not before & set(family(home)), 40)

    assert again.first_run()["password"] == first["password"]
    assert again.first_run()["api_token"] == first["api_token"]
    assert [agent["id"] for agent in again.first_run()["agents"]] == [
        agent["id"] for agent in first["agents"]
    ]
    with psycopg.connect(places.postgres_url(home)) as connection:
        assert connection.execute("SELECT name FROM accounts_workspace").fetchall() == [("Kept",)]
    assert again.stop(signal.SIGINT) == 0
    wait_for(lambda: not family(home))
    assert (home / "up.lock").read_text() == ""


def test_an_ordinary_user_can_run_it_without_the_simulator_and_with_an_admin_of_ones_own(new_home):
    python, settings = an_ordinary_user(new_home)
    running = Up(
        new_home, "--no-simulator", "--workers", "2",
        "--admin-email", "ada@example.com", "--admin-password", "correct-horse-battery",
        python=python, **settings,
    )  # fmt: skip
    ready = running.wait_ready()
    first = running.first_run()

    assert (ready["email"], ready["password"]) == ("ada@example.com", "correct-horse-battery")
    assert (first["agents"], first["connections"]) == ([], [])
    assert sum("manage.py serve" in words for words in family(new_home).values()) == 2
    assert running.page() == 200
    if owner := new_home.stat().st_uid:  # where root starts them, the servers have an account of their own
        made = [new_home / name for name in ("postgres", "redis", "secrets", "first-run.json")]
        assert {each.stat().st_uid for each in made} == {owner}
    assert running.stop() == 0
    assert not family(new_home)


def an_ordinary_user(home: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    """How to start Python as one, and its settings: whoever we are, unless we are root and may be another."""
    python = python_for_everybody() if os.geteuid() == 0 and places.reachable(BASE_DIR) else None
    if python is None:
        return (sys.executable,), {}
    shutil.chown(home, "nobody")
    drop = ("setpriv", "--reuid=nobody", "--clear-groups", "--regid=nogroup")
    return (*drop, python), {"PYTHONPATH": sysconfig.get_path("purelib")}


def python_for_everybody() -> str | None:
    """A Python that an account other than root can reach and that can use our packages, or nothing."""
    for candidate in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        if os.path.exists(candidate) and places.reachable(Path(candidate).resolve()):
            tried = subprocess.run(
                [candidate, "-c", "import django, psycopg, redis"],
                env={"PYTHONPATH": sysconfig.get_path("purelib")},
                timeout=60,
            )
            if tried.returncode == 0:
                return candidate
    return None


def outside_world(up: Up) -> str:
    """The address the simulator says it is at: one and the same, however often it said so."""
    said = wait_for(lambda: set(re.findall(r"The outside world is at (\S+)", "\n".join(up.said()))))
    assert len(said) == 1, said
    return said.pop()


def answers_http(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.status == 200


def answers_sql(home: Path) -> bool:
    try:
        with psycopg.connect(places.postgres_url(home), connect_timeout=5) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def answers_redis(home: Path) -> bool:
    try:
        with redis.Redis.from_url(places.redis_url(home)) as client:
            return client.ping()
    except redis.ConnectionError:
        return False
