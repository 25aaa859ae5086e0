"""Settings: one table, repeated for people, and a bad value stops the start with one sentence."""

import os
import re
import stat
import subprocess
import sys

import pytest
from django.conf import settings

from config.env import BASE_DIR, SETTINGS, BadSetting, read


def python(*arguments, **environment):
    """Run Python with these settings, and answer the finished process."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=BASE_DIR,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def manage(*arguments, **environment):
    return python("manage.py", *arguments, **environment)


def test_the_example_names_every_setting_with_its_default():
    example = (BASE_DIR / ".env.example").read_text()
    shown = dict(re.findall(r"^# ([A-Z][A-Z_]+)=(.*)$", example, re.MULTILINE))

    assert shown == {setting.name: setting.default for setting in SETTINGS.values()}


def test_every_setting_in_the_table_is_read_by_some_code():
    code = "\n".join(
        path.read_text()
        for room in ("config", "accounts", "agents", "calls", "live", "platforms", "streaming")
        for path in (BASE_DIR / room).rglob("*.py")
    )

    unread = [name for name in SETTINGS if not re.search(rf'(read|secret)\(\s*"{name}"', code)]
    assert unread == []


@pytest.mark.parametrize(
    ("role", "options", "seconds"),
    [("serve", "", "30s"), ("serve", "options=-c%20statement_timeout%3D5s", "5s"), ("migrate", "", "0")],
)
def test_only_statements_that_somebody_waits_for_are_ended(role, options, seconds, django_db_setup):
    ask = """
import sys
sys.argv = ["manage.py", sys.argv[1]]
from django.db import connection
cursor = connection.cursor()
cursor.execute("SHOW statement_timeout")
print(cursor.fetchone()[0])
"""
    joined = "&" if "?" in settings.DATABASE_URL else "?"
    address = f"{settings.DATABASE_URL}{joined if options else ''}{options}"
    told = python("-c", ask, role, DJANGO_SETTINGS_MODULE="config.settings", DATABASE_URL=address)

    assert told.stdout.split() == [seconds], told.stderr


BAD = [
    ("DEBUG", "maybe"),
    ("SECRET_KEY", "hunter2"),
    ("FIELD_ENCRYPTION_KEY", "not-a-fernet-key"),
    ("EARSHOT_URL", "localhost:8000"),
    ("DATABASE_URL", "garbage"),
    ("DATABASE_URL", "postgres://earshot@host:many/earshot"),
    ("DATABASE_URL", "mysql://earshot@host/earshot"),
    ("REDIS_URL", "amqp://host/0"),
    ("REDIS_LOG_URL", "host"),
    ("STREAM_MAX_SECONDS", "abc"),
    ("STREAM_MAX_SECONDS", "0"),
    ("RATE_LIMIT_FREE", "ten"),
    ("SIMULATOR_SPEED", "0"),
    ("SIMULATOR_SPEED", "fast"),
    ("SIMULATOR_CROWD", "0"),
    ("LOG_FORMAT", "xml"),
    ("EMBEDDINGS", "cloud"),
    ("CORS_ALLOWED_ORIGINS", "*"),
    ("CORS_ALLOWED_ORIGINS", "app.example.com"),
    ("CORS_ALLOWED_ORIGINS", "https://app.example.com/, https://other.example.com"),
    ("OPENAI_BASE_URL", "api.example"),
    ("ANTHROPIC_BASE_URL", "ftp://api.example"),
    ("PERSONAL_DETECTORS", "policy_number"),
    ("PERSONAL_DETECTORS", "acme.nowhere.policy_number"),
    ("PERSONAL_DETECTORS", "tests.calls.detectors.no_such"),
    ("PERSONAL_DETECTORS", "tests.calls.detectors.NOT_A_FUNCTION"),
    ("PERSONAL_DETECTORS", "tests.calls.detectors.numbers"),
    ("PERSONAL_DETECTORS", "tests.calls.detectors.broken, tests.calls.detectors.broken"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_refused_by_name(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting) as refused:
        read(name)

    assert re.fullmatch(rf"{name} .+\.", str(refused.value))
    if "KEY" in name or name == "DATABASE_URL":
        assert value not in str(refused.value)


@pytest.mark.parametrize(("name", "value"), BAD[::7])
def test_a_bad_value_stops_the_start(name, value):
    start = manage("check", **{name: value})

    assert start.returncode == 1
    assert re.fullmatch(rf"Earshot cannot run: {name} .+\.\n", start.stderr)


def test_a_folder_that_cannot_be_written_stops_the_start():
    start = manage("up", EARSHOT_HOME="/dev/null/earshot", SECRET_KEY="", FIELD_ENCRYPTION_KEY="")

    assert start.returncode == 1
    assert re.fullmatch(r"Earshot cannot run: EARSHOT_HOME: cannot write to .+\.\n", start.stderr)


def test_without_secrets_nothing_but_up_starts(tmp_path):
    start = manage("check", EARSHOT_HOME=str(tmp_path), SECRET_KEY="", FIELD_ENCRYPTION_KEY="")

    assert start.returncode == 1
    assert start.stderr.startswith("Earshot cannot run: SECRET_KEY is not set.")
    assert list(tmp_path.iterdir()) == []


def test_secrets_are_made_once_and_kept_for_their_owner_only(tmp_path):
    made = []
    for _ in range(2):
        shown = python(
            "-c", "from config import settings; print(settings.SECRET_KEY)",
            EARSHOT_HOME=str(tmp_path), SECRET_KEY="", FIELD_ENCRYPTION_KEY="", DEBUG="true",
        )  # fmt: skip
        assert shown.returncode == 0, shown.stderr
        made.append(shown.stdout)

    assert made[0] == made[1]
    secrets = tmp_path / "secrets"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert {path.name for path in secrets.iterdir()} == {"secret_key", "field_encryption_key"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()} == {0o600}


def test_an_https_address_insists_on_tls():
    check = manage("check", "--deploy", "--fail-level", "WARNING", EARSHOT_URL="https://earshot.example.com")

    assert check.returncode == 0, check.stderr
