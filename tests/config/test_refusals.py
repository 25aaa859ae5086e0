"""Where `up` cannot start it says one sentence that names the reason, at once, and starts nothing."""

import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
import pytest

from config.env import BASE_DIR
from tests.config.running import environment, refused

pytestmark = pytest.mark.processes
A_REDIS = os.environ["REDIS_URL"]


def role_url(role: str, database: str) -> str:
    """The test run's server, as somebody else."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(netloc=f"{role}@", path=f"/{database}").geturl()


def test_a_taken_port_is_found_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = refused(tmp_path, "--port", str(port))

    assert f"port {port} (Address already in use)" in sentence
    assert not (tmp_path / "postgres").exists()


def test_a_host_that_is_not_ours_is_refused(tmp_path):
    assert "192.0.2.1" in refused(tmp_path, "--host", "192.0.2.1")


def test_an_unwritable_data_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()

    assert "EARSHOT_HOME: cannot write to" in refused(tmp_path / "file" / "home")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgres://earshot@127.0.0.1:1/earshot", "Connection refused"),
        ("postgres://earshot@nowhere.invalid/earshot", "nowhere.invalid"),
        (role_url("earshot", "no_such_database"), 'database "no_such_database" does not exist'),
        (role_url("no_such_role", "earshot"), 'role "no_such_role" does not exist'),
    ],
)
def test_a_wrong_database_url_says_what_is_wrong(tmp_path, url, reason):
    sentence = refused(tmp_path, DATABASE_URL=url, REDIS_URL=A_REDIS)

    assert "DATABASE_URL: " in sentence
    assert reason in sentence


def test_a_password_is_never_repeated(tmp_path):
    url = "postgres://earshot:hunter2@127.0.0.1:1/earshot"

    assert "hunter2" not in refused(tmp_path, DATABASE_URL=url)


def test_a_database_without_its_extensions_says_who_can_add_them(tmp_path):
    superuser = role_url("postgres", "postgres")
    with psycopg.connect(superuser, autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS bare")
        server.execute("CREATE DATABASE bare OWNER earshot TEMPLATE template0")
    try:
        sentence = refused(tmp_path, DATABASE_URL=role_url("earshot", "bare"), REDIS_URL=A_REDIS)
        assert "CREATE EXTENSION vector" in sentence
    finally:
        with psycopg.connect(superuser, autocommit=True) as server:
            server.execute("DROP DATABASE bare")


def test_a_redis_that_is_not_there_is_named(tmp_path):
    sentence = refused(tmp_path, REDIS_URL="redis://:hunter2@127.0.0.1:1/0")

    assert "REDIS_URL: no Redis answers at 127.0.0.1:1" in sentence
    assert "hunter2" not in sentence


def test_reset_asks_and_takes_silence_for_no(tmp_path):
    (tmp_path / "first-run.json").write_text("{}")

    assert "nothing was deleted" in refused(tmp_path, "--reset")
    assert (tmp_path / "first-run.json").exists()


def test_reset_leaves_servers_alone_that_are_not_ours(tmp_path):
    assert "--reset" in refused(tmp_path, "--reset", REDIS_URL=A_REDIS)


def test_serve_refuses_a_wrong_database_too(tmp_path):
    ended = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", "0"],
        cwd=BASE_DIR,
        env=environment(
            tmp_path,
            DATABASE_URL="postgres://earshot@127.0.0.1:1/earshot",
            SECRET_KEY="x" * 50,
            FIELD_ENCRYPTION_KEY=os.environ["FIELD_ENCRYPTION_KEY"],
        ),
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("Earshot cannot run: DATABASE_URL: ")
    assert ended.stderr.count("\n") == 1
