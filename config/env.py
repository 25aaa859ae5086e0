"""Every setting there is: its type, default and meaning. A bad value stops the start with one sentence.

`.env.example` repeats this table for people; a test holds the two together.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from calls.personal.finding import DETECTORS

BASE_DIR = Path(__file__).resolve().parent.parent
POSTGRES_SCHEMES = ("postgres", "postgresql")
REDIS_SCHEMES = ("redis", "rediss", "unix")
FASTEST = 200  # of simulated callers
MOST_LIVE = 200  # as simulator.director says

environ.Env.read_env(BASE_DIR / ".env")  # what the environment already says wins


class BadSetting(ImproperlyConfigured):
    """A setting's value cannot be used. The message names the setting and never repeats a secret."""


def text(value: str) -> str:
    return value


def words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


def hosts(value: str) -> list[str]:
    for host in words(value):
        if "/" in host:
            try:
                ip_network(host)
            except ValueError as error:
                raise ValueError(f"has {host!r}; give a network such as 10.1.0.0/16") from error
        elif not re.fullmatch(r"[A-Za-z0-9:_.\[\]-]+", host):
            raise ValueError(
                f"has {host!r}; give names such as localhost or localhost:11434, without http://"
            )
    return words(value)


def host_of(address: str) -> str:
    """Of a web address: its host at its port, as PRIVATE_HOSTS has them."""
    parts = urlsplit(address)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or {'http': 80, 'https': 443}[parts.scheme]}"


def boolean(value: str) -> bool:
    known = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    if value.lower() not in known:
        raise ValueError(f"is {value!r}; say true or false")
    return known[value.lower()]


def positive(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) == 0:
        raise ValueError(f"is {value!r}; give a whole number above 0")
    return int(value)


def up_to(most: int) -> Callable[[str], int]:
    def read_number(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,3}", value) or not 1 <= int(value) <= most:
            raise ValueError(f"is {value!r}; give a whole number from 1 to {most}")
        return int(value)

    return read_number


def folder(value: str) -> Path:
    path = Path(value).expanduser()
    return path if path.is_absolute() else (BASE_DIR / path).resolve()


def web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"is {value!r}; give an address such as https://earshot.example.com")
    _check_port(parts)
    return value.rstrip("/")


def origins(value: str) -> list[str]:
    for origin in words(value):
        parts = urlsplit(origin)
        if (
            origin != f"{parts.scheme}://{parts.netloc}"
            or parts.scheme not in ("http", "https")
            or "*" in origin
        ):
            raise ValueError(f"has {origin!r}; give origins such as https://app.example.com, without a path")
        _check_port(parts)
    return words(value)


def optional_web_address(value: str) -> str:
    return web_address(value) if value else ""


def database_address(value: str) -> str:
    if not value:
        return ""
    parts = urlsplit(value)
    if parts.scheme not in POSTGRES_SCHEMES or len(parts.path) < 2:
        raise ValueError("cannot be read; give it as postgres://user:password@host:5432/database")
    _check_port(parts)
    return value


def redis_address(value: str, schemes: tuple[str, ...] = REDIS_SCHEMES) -> str:
    if not value:
        return ""
    parts = urlsplit(value)
    if parts.scheme not in schemes:
        raise ValueError(
            "cannot be read; give it as redis://host:6379/0, rediss://… or unix:///path/redis.sock"
        )
    _check_port(parts)
    return value


def log_address(value: str) -> str:
    return redis_address(value, (*REDIS_SCHEMES, "redis+cluster"))


def bucket_address(value: str) -> str:
    if value and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?", value):
        raise ValueError(f"is {value!r}; give it as s3://bucket or s3://bucket/folder")
    return value.rstrip("/")


def fernet_keys(value: str) -> str:
    for key in words(value):
        try:
            Fernet(key)
        except ValueError as error:
            raise ValueError(
                "is not a Fernet key (32 bytes, url-safe base64); several keys are separated by commas"
            ) from error
    return value


def long_secret(value: str) -> str:
    if value and len(value) < 32:
        raise ValueError("is too short; give at least 32 random characters")
    return value


def log_format(value: str) -> str:
    if value not in ("console", "json"):
        raise ValueError(f"is {value!r}; say console or json")
    return value


def embeddings(value: str) -> str:
    if value not in ("local", "openai"):
        raise ValueError(f"is {value!r}; say local or openai")
    return value


def functions(value: str) -> dict[str, Callable]:
    """By their own names. They are looked up at once, before there are models: none of them may need any."""
    found: dict[str, Callable] = {}
    for path in words(value):
        name = path.rpartition(".")[2]
        if not re.fullmatch(r"(?:\w+\.)+[a-z][a-z0-9_]{0,39}", path):
            raise ValueError(f"has {path!r}; give functions such as acme.detectors.policy_number")
        if name in found:
            raise ValueError(f"has two functions called {name}; each needs a name of its own")
        try:
            found[name] = import_string(path)
        except Exception as error:  # whatever their module does when it is loaded
            raise ValueError(f"has {path!r}, which cannot be loaded ({type(error).__name__})") from error
        if not callable(found[name]):
            raise ValueError(f"has {path!r}, which is no function")
    return found


def detectors(value: str) -> dict[str, Callable]:
    found = functions(value)
    if taken := sorted(found.keys() & {*DETECTORS, "part"}):
        raise ValueError(f"has a function called {taken[0]}, which is taken; give it another name")
    return found


def _check_port(parts: Any) -> None:
    try:
        _ = parts.port
    except ValueError as error:
        raise ValueError("has a port that is not a number between 0 and 65535") from error


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    kind: Callable[[str], Any]
    default: str
    meaning: str


MADE_BY_UP = "Empty: `manage.py up` makes one in EARSHOT_HOME/secrets."

_TABLE = [
    Setting(
        "DEBUG", boolean, "false", "Tracebacks in the browser. Never on a machine that others can reach."
    ),
    Setting("SECRET_KEY", long_secret, "", f"Signs sessions and CSRF tokens. {MADE_BY_UP}"),
    Setting(
        "FIELD_ENCRYPTION_KEY",
        fernet_keys,
        "",
        f"Encrypts stored secrets: Fernet keys, newest first, separated by commas. {MADE_BY_UP}",
    ),
    Setting("EARSHOT_HOME", folder, ".earshot", "The data folder: databases, secrets, logs, first-run.json."),
    Setting(
        "EARSHOT_URL",
        web_address,
        "http://127.0.0.1:8000",
        "Where people and platforms reach Earshot. With https, cookies travel over TLS only and HSTS is on.",
    ),
    Setting(
        "ALLOWED_HOSTS",
        words,
        "",
        "Host names to answer for, separated by commas, besides 127.0.0.1, localhost and EARSHOT_URL's.",
    ),
    Setting(
        "CORS_ALLOWED_ORIGINS",
        origins,
        "",
        "Origins whose pages may ask the JSON API, with a token and never a cookie, separated by commas.",
    ),
    Setting(
        "DATABASE_URL",
        database_address,
        "",
        "postgres://user:password@host:5432/database, with pgvector. Empty: an embedded PostgreSQL.",
    ),
    Setting(
        "REDIS_URL",
        redis_address,
        "",
        "redis://host:6379/0, rediss://… or unix:///path/redis.sock. Empty: an embedded Redis.",
    ),
    Setting(
        "REDIS_LOG_URL",
        log_address,
        "",
        "A Redis of its own for the live log, redis+cluster://… for a cluster. Empty: REDIS_URL.",
    ),
    Setting(
        "MEDIA_STORAGE",
        bucket_address,
        "",
        "Where files such as recordings are kept: s3://bucket/folder. Empty: media, in the data folder.",
    ),
    Setting(
        "MEDIA_ENDPOINT_URL", optional_web_address, "", "Another address that speaks S3. Empty: Amazon's."
    ),
    Setting("MEDIA_REGION", text, "", "The bucket's region: eu-west-2. Empty: as the machine says."),
    Setting("MEDIA_ACCESS_KEY_ID", text, "", "Who asks for the bucket. Empty: as the machine's role says."),
    Setting("MEDIA_SECRET_ACCESS_KEY", text, "", "The secret of MEDIA_ACCESS_KEY_ID."),
    Setting(
        "STREAM_MAX_SECONDS",
        positive,
        "240",
        "A live stream is ended after this long (± 10 %); browsers resume unnoticed.",
    ),
    Setting(
        "STREAM_LIMIT_PER_USER", positive, "100", "How many live streams one person may hold open at once."
    ),
    Setting("RATE_LIMIT_FREE", positive, "10", "Chat messages a minute and person, on the plan called free."),
    Setting("RATE_LIMIT_PRO", positive, "60", "The same on the plan called pro."),
    Setting("RATE_LIMIT_ENTERPRISE", positive, "300", "The same on the plan called enterprise."),
    Setting(
        "METRICS_TOKEN",
        long_secret,
        "",
        "Opens /metrics, as a bearer token of 32 characters or more. Empty: there is no /metrics.",
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        optional_web_address,
        "",
        "Where traces go, over HTTP: http://127.0.0.1:4318. Empty: nowhere.",
    ),
    Setting(
        "SIMULATOR_SPEED", up_to(FASTEST), "1", "How many times as fast as people simulated callers live."
    ),
    Setting(
        "SIMULATOR_CROWD", up_to(MOST_LIVE), "6", "How many simulated calls are live at once, or one more."
    ),
    Setting("LOG_FORMAT", log_format, "console", "console for people, json for machines: one object a line."),
    Setting(
        "EMBEDDINGS",
        embeddings,
        "local",
        "Who says what words are about: local, a small model that comes along, or openai.",
    ),
    Setting("OPENAI_API_KEY", text, "", "With a key, the first workspace's agents use OpenAI's models."),
    Setting("OPENAI_BASE_URL", optional_web_address, "", "Another address that speaks OpenAI's API."),
    Setting("ANTHROPIC_API_KEY", text, "", "With a key, the first workspace's agents use Anthropic's."),
    Setting("ANTHROPIC_BASE_URL", optional_web_address, "", "Another address that speaks Anthropic's API."),
    Setting(
        "PERSONAL_DETECTORS",
        detectors,
        "",
        "Functions of yours that find personal data, as docs/privacy.md says: acme.detectors.policy_number.",
    ),
    Setting(
        "PRIVATE_HOSTS",
        hosts,
        "",
        "Your own hosts and networks that tools, models and so on may be at: localhost:11434, 10.1.0.0/16.",
    ),
]
SETTINGS = {setting.name: setting for setting in _TABLE}


def read(name: str) -> Any:
    """The value of a setting, in its type. Raises BadSetting with one sentence that names it."""
    setting = SETTINGS[name]
    value = os.environ.get(name, "").strip() or setting.default
    try:
        return setting.kind(value)
    except ValueError as error:
        raise BadSetting(f"{name} {error}.") from error
