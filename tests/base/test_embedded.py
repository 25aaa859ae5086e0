"""The embedded servers: what survives, who may enter, and what is left behind by a crash."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis as client

from base import processes
from base.embedded import folders, places, postgres, redis
from base.processes import CannotStart
from tests.config.running import a_home

pytestmark = pytest.mark.processes
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps PostgreSQL's data away from its own")


@pytest.fixture
def home() -> Iterator[Path]:
    with a_home() as folder:
        yield folder


@contextmanager
def serving(home: Path, command: processes.Command, wait_ready) -> Iterator[subprocess.Popen]:
    with (home / "server.log").open("ab") as log:
        process = subprocess.Popen(command.argv, **command.options(), stdout=log, stderr=log)
    try:
        wait_ready(home, lambda: process.poll() is None)
        yield process
    finally:
        processes.stop(process, command.stop_with, seconds=20)


def test_postgres_keeps_its_data_through_a_kill(home):
    with serving(home, postgres.prepare(home), postgres.wait_ready) as server:
        postgres.provision(home)
        with psycopg.connect(places.postgres_url(home), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        server.kill()
        server.wait(10)

    with (
        serving(home, postgres.prepare(home), postgres.wait_ready),
        psycopg.connect(places.postgres_url(home)) as connection,
    ):
        assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]


def test_waiting_for_postgres_fills_its_log_with_no_refusals(home):
    for _ in range(2):  # the second recovers from a crash
        with serving(home, postgres.prepare(home), postgres.wait_ready) as server:
            server.kill()
            server.wait(10)

    assert "FATAL" not in (home / "server.log").read_text()


def test_a_server_whose_supervisor_is_gone_is_ended_first(home):
    with serving(home, postgres.prepare(home), postgres.wait_ready) as old:
        command = postgres.prepare(home)

        assert old.wait(10) == 0
        with serving(home, command, postgres.wait_ready) as new:
            assert new.poll() is None


def test_a_pid_file_that_names_somebody_else_is_dropped(home):
    with serving(home, postgres.prepare(home), postgres.wait_ready):
        pass
    pid_file = places.postgres_folder(home) / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n")

    postgres.prepare(home)
    assert not pid_file.exists()


def test_an_interrupted_first_start_is_begun_anew(home):
    folder = places.postgres_folder(home)
    postgres.prepare(home)
    (folder / "data").rename(folder / "data.new")  # as far as a killed initdb comes

    with serving(home, postgres.prepare(home), postgres.wait_ready):
        assert not (folder / "data.new").exists()


def test_data_of_another_version_is_not_touched(home):
    postgres.prepare(home)
    (places.postgres_folder(home) / "data" / "PG_VERSION").write_text("12\n")

    with pytest.raises(CannotStart, match=r"was written by PostgreSQL 12 and this is 18\."):
        postgres.prepare(home)


def test_preparing_twice_provisions_once(home):
    with serving(home, postgres.prepare(home), postgres.wait_ready):
        postgres.provision(home)
        postgres.provision(home)
        with psycopg.connect(places.postgres_url(home)) as connection:
            rows = connection.execute(
                "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'"
            ).fetchall()

    assert sorted(rows) == [("pg_trgm",), ("vector",)]


@as_root
def test_a_data_folder_that_is_shut_to_others_keeps_postgres_elsewhere(tmp_path):
    tmp_path.chmod(0o700)
    home = tmp_path / "home"
    folders.make_home(home)
    said = []
    elsewhere = places.postgres_folder(home)
    try:
        with serving(home, postgres.prepare(home, say=said.append), postgres.wait_ready):
            postgres.provision(home)
            with psycopg.connect(places.postgres_url(home)) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        shutil.rmtree(elsewhere.parent, ignore_errors=True)

    assert elsewhere.is_relative_to(places.SYSTEM_HOME)
    assert str(elsewhere) in said[0]
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@as_root
def test_programs_that_are_shut_to_others_are_copied(home, tmp_path, monkeypatch):
    account = postgres._account(home)
    monkeypatch.setattr(places, "SYSTEM_HOME", home / "system")
    monkeypatch.setattr(places, "reachable", lambda path: not path.match("*/pginstall"))
    said = []

    programs = postgres._programs(account, said.append)

    assert programs.is_relative_to(home / "system")
    assert "Copying PostgreSQL" in said[0]
    shown = subprocess.run(
        [programs / "postgres", "--version"],
        user=account.uid, group=account.gid, extra_groups=[], capture_output=True, text=True,
    )  # fmt: skip
    assert shown.stdout.startswith("postgres (PostgreSQL) 18")


def test_a_folder_of_somebody_else_is_refused(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    shutil.chown(tmp_path, "nobody")

    with pytest.raises(CannotStart, match="belongs to nobody, not to root"):
        folders.make_private(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_a_link_in_the_place_of_a_folder_gives_nothing_away(tmp_path, monkeypatch):
    (tmp_path / "theirs").mkdir(mode=0o755)
    folder = tmp_path / "ours"
    folder.symlink_to(tmp_path / "theirs")
    # The link was put there just after somebody looked.
    monkeypatch.setattr(Path, "exists", lambda self, **options: False)

    with pytest.raises(CannotStart, match="belongs to"):
        folders.make_private(folder, processes.Account("nobody", 65534, 65534))

    assert (tmp_path / "theirs").stat().st_uid == 0


def test_redis_keeps_what_it_was_told(home):
    with serving(home, redis.prepare(home), redis.wait_ready) as server:
        with client.Redis.from_url(places.redis_url(home)) as connection:
            connection.set("kept", "7")
        server.send_signal(signal.SIGTERM)
        server.wait(10)

    with (
        serving(home, redis.prepare(home), redis.wait_ready),
        client.Redis.from_url(places.redis_url(home)) as connection,
    ):
        assert connection.get("kept") == b"7"


def test_an_older_redis_is_ended_first(home):
    with serving(home, redis.prepare(home), redis.wait_ready) as old:
        command = redis.prepare(home)

        assert old.wait(10) == 0
        with serving(home, command, redis.wait_ready) as new:
            assert new.poll() is None
