"""Log lines for people (console) or machines (JSON), each with the trace id and the process's role.

What callers say never belongs in a log line: log ids, counts and types. A request's address is logged
without its query, which may hold what somebody searched for.
"""

import logging
import os
from datetime import UTC, datetime

import orjson

from base.trace import current_trace_id

# What logging.LogRecord has by itself; the rest came by `extra=` and is worth keeping.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "trace_id", "role"}
_UNSAFE = frozenset({"request", "response", "scope"})


class ContextFilter(logging.Filter):
    """Puts `trace_id` and `role` (web, worker, beat, watch, …) on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.trace_id = current_trace_id()
        record.role = os.environ.get("EARSHOT_ROLE", "shell")
        return True


class ConsoleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = (
            f"{record.levelname[:4]} {record.name} {_one_line(record.getMessage())} [{record.trace_id[:8]}]"
        )
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, message, role, trace_id, and what came by `extra=`."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "role": record.role,
            "trace_id": record.trace_id,
        }
        for name, value in vars(record).items():
            if name not in _USUAL and name not in _UNSAFE:
                line[name] = value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _one_line(text: str) -> str:
    """Nothing that came from outside may start a line of its own."""
    return text.replace("\r", "\\r").replace("\n", "\\n")


def logging_config(form: str, level: str = "INFO") -> dict:
    """Django's LOGGING. `form` is "console" or "json"."""
    formatter = "base.logs.JsonFormatter" if form == "json" else "base.logs.ConsoleFormatter"
    # uvicorn.error tells every socket's address, and with it an agent's key.
    talkers = ("httpx", "httpx2", "httpcore", "openai", "anthropic", "daphne", "uvicorn.error")
    # Two lines for every task, several tasks a second; what fails is told at a higher level.
    tasks = ("celery.app.trace", "celery.worker.strategy", "celery.worker.request", "celery.beat")
    quiet = {name: {"level": "WARNING"} for name in (*talkers, *tasks)}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "base.logs.ContextFilter"}},
        "formatters": {"line": {"()": formatter}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "filters": ["context"], "formatter": "line"},
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": quiet
        | {
            "opentelemetry": {"level": "CRITICAL"},  # base/telemetry.py says it once
            "django": {"level": "INFO"},
            "django.channels.server": {"level": "WARNING"},  # runserver's lines name sockets by agents' keys
            "django.server": {"handlers": [], "propagate": True, "level": "WARNING"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},  # anybody can cause it, at will
            # A page that is not there is not news; the access test alone asks for hundreds.
            "django.request": {"level": "ERROR"},
        },
    }
