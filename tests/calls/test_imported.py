"""import_calls, as somebody at a terminal uses it."""

import gzip
import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from calls import imported
from calls.models import Call, Event, Turn

DINNER = {
    "id": "train-1_00000",
    "services": ["Restaurants_1"],
    "turns": [
        {"speaker": "caller", "text": "I would like to find a place to eat."},
        {
            "speaker": "agent",
            "text": "There is 71 Saint Peter in San Jose.",
            "tool_calls": [
                {
                    "name": "FindRestaurants",
                    "arguments": {"city": "San Jose"},
                    "result": [{"restaurant_name": "71 Saint Peter"}],
                }
            ],
        },
    ],
}
TIMED = {
    "id": 7,
    "started_at": "2026-11-20T09:00:00Z",
    "direction": "inbound",
    "from_number": "+447700900142",
    "outcome": "transferred",
    "summary": "They asked for a person.",
    "sentiment": "negative",
    "turns": [{"speaker": "caller", "text": "A person, please.", "start_ms": 1_200, "end_ms": 2_500}],
}


@pytest.fixture
def written(tmp_path):
    def write(*lines: object, name: str = "calls.jsonl") -> str:
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        body = "\n".join(texts).encode("utf-8", "surrogatepass")
        path = tmp_path / name
        path.write_bytes(gzip.compress(body) if name.endswith(".gz") else body)
        return str(path)

    return write


def run(file: str, agent: str) -> tuple[str, str, str]:
    """What it printed, its remarks, and why it failed."""
    out, err, failed = StringIO(), StringIO(), ""
    try:
        call_command("import_calls", file, "--agent", agent, stdout=out, stderr=err)
    except CommandError as error:
        failed = str(error)
    return out.getvalue().strip(), err.getvalue().strip(), failed


def rows() -> list:
    return [list(model.objects.order_by("id").values()) for model in (Call, Turn, Event)]


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.jsonl.gz"])
def test_a_call_is_recorded_as_it_went(agent, written, name):
    said, _, failed = run(written(DINNER, TIMED, name=name), "Odell")

    assert (said, failed) == ("2 calls imported, 0 were here already, 0 lines refused.", "")
    call = Call.objects.get(platform="import", platform_call_id="train-1_00000")
    asked, tool, answer = call.turns.all()
    assert (call.agent, call.status, call.turn_count) == (agent, "ended", 3)
    assert (asked.n, asked.role, asked.start_ms, asked.end_ms) == (1, "caller", 0, 9 * 400)
    assert (tool.tool_name, tool.tool_arguments, tool.tool_ok) == (
        "FindRestaurants",
        {"city": "San Jose"},
        True,
    )
    assert json.loads(tool.text) == [{"restaurant_name": "71 Saint Peter"}]
    assert 400 <= answer.start_ms - tool.end_ms <= 1_200
    assert answer.reply_ms == answer.start_ms - asked.end_ms
    assert call.duration_ms == answer.end_ms


def test_what_a_line_says_of_the_call_is_taken(agent, written):
    run(written(TIMED), str(agent.pk))

    call = Call.objects.get(platform_call_id="7")
    assert call.started_at.isoformat() == "2026-11-20T09:00:00+00:00"
    assert (call.direction, call.from_number) == ("inbound", "+447700900142")
    assert (call.outcome, call.summary, call.sentiment) == (
        "transferred",
        "They asked for a person.",
        "negative",
    )
    assert list(call.turns.values_list("start_ms", "end_ms")) == [(1_200, 2_500)]


def test_a_second_time_changes_nothing(agent, written):
    run(written(DINNER, DINNER), "Odell")
    before = rows()

    said, _, _ = run(written(TIMED | {"id": "train-1_00000"}, DINNER), "Odell")

    assert said == "0 calls imported, 2 were here already, 0 lines refused."
    assert rows() == before


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        ({"turns": []}, '"id" must be a text of 1 to 100 characters'),
        ({"id": "1"}, '"turns" must be a list'),
        ({"id": "1", "turns": ["hello"]}, "turn 1 is not an object"),
        ({"id": "1", "turns": [{"speaker": "bot"}]}, 'turn 1: "speaker" must be caller or agent'),
        ({"id": "1", "turns": [{"speaker": "agent"}]}, 'turn 1: "text" must be a text'),
        (
            {"id": "1", "turns": [{"speaker": "agent", "text": "", "start_ms": -1}]},
            'turn 1: "start_ms" must be milliseconds since the call began',
        ),
        (
            {"id": "1", "turns": [{"speaker": "agent", "text": "", "tool_calls": [{"name": 1}]}]},
            'turn 1, tool call: "name" must be a text',
        ),
        (
            {"id": "1", "turns": [], "started_at": "yesterday"},
            '"started_at" must be an ISO time such as 2026-11-20T09:00:00Z',
        ),
        (
            {"id": "1", "turns": [], "sentiment": "fine"},
            '"sentiment" must be one of positive, neutral, negative',
        ),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_taken(agent, written, line, reason):
    said, remarks, failed = run(written(DINNER, "", line, TIMED), "Odell")

    assert said == "2 calls imported, 0 were here already, 1 lines refused."
    assert remarks == f"line 3: {reason}"
    assert failed == "1 of the lines could not be read."


def test_what_postgresql_cannot_keep_is_replaced(agent, written):
    turn = '{"speaker": "caller", "text": "Hello \\u0000 \\ud800 there"}'

    run(written('{"id": "odd", "turns": [' + turn + "]}"), "Odell")

    assert Turn.objects.get().text == "Hello \ufffd \ufffd there"


def test_a_line_without_end_is_refused_without_being_read_whole(agent, written):
    said, remarks, _ = run(written("x" * (imported.LONGEST_LINE + 9), DINNER), "Odell")

    assert said.startswith("1 calls imported")
    assert remarks.startswith("line 1: longer than")


@pytest.mark.parametrize("body", [b"", b"\x1f\x8b and no more"])
def test_a_file_that_cannot_be_read_is_said(agent, tmp_path, body):
    path = tmp_path / "calls.gz"
    if body:
        path.write_bytes(body)

    assert "cannot be read" in run(str(path), "Odell")[2]


def test_nobody_is_taken_for_somebody_else(agent, written):
    assert run(written(DINNER), "Nobody")[2] == "There is no such --agent."


def test_models_are_not_asked_about_the_past(agent, written):
    run(written(DINNER), "Odell")

    assert Call.objects.get().judged_at is not None
