import json
import logging

import pytest

from base.logs import ConsoleFormatter, ContextFilter, JsonFormatter, logging_config
from base.trace import bind_trace


@pytest.fixture
def log_line():
    def line(formatter, message="call %s ended", *args, **extra):
        record = logging.makeLogRecord(
            {"name": "calls", "levelname": "INFO", "levelno": 20, "msg": message, "args": args, **extra}
        )
        with bind_trace("d" * 32):
            ContextFilter().filter(record)
        return formatter.format(record)

    return line


def test_a_machine_reads_one_object_a_line(log_line, monkeypatch):
    monkeypatch.setenv("EARSHOT_ROLE", "web")

    line = log_line(JsonFormatter(), "call %s\nended", "7", call_id="7", request=object())

    assert "\n" not in line
    entry = json.loads(line)
    assert entry.pop("at").endswith("+00:00")
    assert entry == {
        "level": "info",
        "logger": "calls",
        "message": "call 7\nended",
        "role": "web",
        "trace_id": "d" * 32,
        "call_id": "7",
    }


def test_a_person_reads_one_line_whatever_was_put_into_it(log_line):
    line = log_line(ConsoleFormatter(), "call %s ended", "7\nERRO forged")

    assert line == "INFO calls call 7\\nERRO forged ended [dddddddd]"


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_comes_along(log_line, form):
    try:
        raise ValueError("why")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)

    line = log_line(JsonFormatter() if form == "json" else ConsoleFormatter(), exc_info=info)

    assert "ValueError: why" in line


def test_the_setting_chooses_the_form():
    assert logging_config("json")["formatters"]["line"]["()"] == "base.logs.JsonFormatter"
    assert logging_config("console")["formatters"]["line"]["()"] == "base.logs.ConsoleFormatter"
