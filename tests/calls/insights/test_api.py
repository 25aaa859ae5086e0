"""`/api/v1/insights`: one figure by one thing, the same as the page's."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.tokens import create_token
from calls.insights import tallies
from calls.models import Call
from tests.api.conftest import Program
from tests.calls.made import make_call, said

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def program(workspace, agent) -> Program:
    """Two days ago two calls, one of which was handed over; the day before that one that nobody knows."""
    spoken = [said("r0", "I see.", 2_000, 3_000, reply_ms=1_000)]
    make_call(agent, spoken, started_at=NOON - 2 * DAY, cost_usd="0.25")
    make_call(agent, started_at=NOON - 2 * DAY, transfer="bridged")
    unknown = make_call(agent, started_at=NOON - 3 * DAY, version=None, platform="vapi")
    Call.objects.filter(pk=unknown.pk).update(agent=None)
    tallies.mark_all(Call.objects.all())
    while tallies.settle(5):
        pass
    return Program("viewer", create_token(workspace, "viewer", "viewer", None)[1])


def test_it_is_told_by_day_with_how_many_it_is_of(program):
    told = program.get("insights", metric="without_person", by="day")

    assert (told["unit"], told["by"], told["tz"], len(told["items"])) == ("share", "day", "UTC", 7)
    assert [(item["value"], item["n"]) for item in told["items"] if item["n"]] == [(1.0, 1), (0.5, 2)]
    assert told["items"][-3]["key"] == f"{NOON - 2 * DAY:%Y-%m-%d}T00:00:00Z"
    assert told["total"]["value"] == pytest.approx(2 / 3)


def test_it_is_told_by_what_calls_are_of(program, agent):
    by_agent = program.get("insights", by="agent")["items"]
    assert [(item["key"], item["label"], item["value"]) for item in by_agent] == [
        (str(agent.pk), "Odell", 2),
        (None, "Not known", 1),
    ]
    assert [item["label"] for item in program.get("insights", by="version")["items"]] == [
        "Odell v1",
        "Not known",
    ]
    assert [item["key"] for item in program.get("insights", by="platform")["items"]] == ["retell", "vapi"]


def test_money_is_a_decimal_and_percentiles_are_near(program):
    cost = program.get("insights", metric="cost", by="month", agent=[])["total"]
    assert (cost["value"], cost["cost_usd"]) == (None, "0.250000")

    reply = program.get("insights", metric="reply_p95", platform="retell")["total"]
    assert reply["n"] == 1
    assert reply["value"] == pytest.approx(1_000, rel=0.05)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"metric": "joy"}, "metric"),
        ({"by": "mood"}, "by"),
        ({"tz": "Mars/Olympus"}, "tz"),
        ({"from": "2026-11-20", "to": "2026-11-19"}, "from"),
        ({"from": "2020-01-01", "by": "hour"}, "from"),
        ({"version": "x"}, "version.0"),
        ({"nonsense": "1"}, "nonsense"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(program, asked, field):
    answer = program.ask("insights", **asked)

    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["error"]["details"]] == [field]
