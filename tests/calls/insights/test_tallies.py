"""Tallies say what the calls say, whatever happened to those since."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Workspace
from agents.models import ModelCall
from calls.insights import spread, tallies
from calls.models import Call, Tally, TallyMark, TallyPart, Turn
from tests.calls.made import BEGAN, make_call, said, used

HOURS = Tally.objects.filter(hours=1)
HOUR = BEGAN.replace(minute=0)
TURNS = [
    said("c0", "I was charged twice.", 0, 1_000, mood=-0.5),
    said("r0", "I see.", 2_000, 3_000, reply_ms=1_000),
    used("x0", "billing.find", 3_000, 3_100),
    used("x1", "refund.create", 3_200, 3_300, ok=False),
    said("r1", "Done.", 4_000, 5_000, reply_ms=2_000),
    said("c1", "Thank you.", 6_000, 7_000, mood=0.5),
]


@pytest.fixture
def call(agent) -> Call:
    call = make_call(agent, TURNS, sentiment="positive", cost_usd=Decimal("0.10"), alerts=[{"rule": "r1"}])
    for model, feature, usd in (("gpt", "voice", "0.02"), ("ada", "embedding", "0.001"), ("own", "voice", 0)):
        ModelCall.objects.create(
            workspace=agent.workspace, agent=agent, call_id=call.pk, feature=feature, provider="p",
            model=model, cost_usd=usd,
        )  # fmt: skip
    return call


def settled() -> None:
    while tallies.settle(5):
        pass


def tallied(call: Call) -> Tally:
    tallies.mark(call)
    settled()
    return HOURS.all().get()


def test_it_counts_what_there_is_to_count(call):
    tally = tallied(call)

    assert (tally.workspace_id, tally.hour) == (call.workspace_id, HOUR)
    assert (tally.agent, tally.version, tally.platform, tally.channel) == (
        call.agent, call.version, "retell", "phone",
    )  # fmt: skip
    assert (tally.calls, tally.completed, tally.contained, tally.escalated, tally.positive) == (1, 1, 1, 1, 1)
    assert (tally.moods, tally.mood_at_start, tally.mood_at_end) == (1, -0.5, 0.5)
    assert (tally.duration_ms, tally.cost_usd) == (20_000, Decimal("0.121"))
    assert (tally.tool_calls, tally.tool_failures) == (2, 1)
    assert tally.answers == 2
    counts = list(tally.spread)
    assert [n for n, count in enumerate(counts) if count] == [spread.bucket(1_000), spread.bucket(2_000)]
    assert set(TallyPart.objects.filter(hours=1).values_list("kind", "name", "n", "failed", "usd")) == {
        ("platform", "retell", 1, 0, Decimal("0.10")),
        ("model", "gpt", 1, 0, Decimal("0.02")),
        ("embedding", "ada", 1, 0, Decimal("0.001")),
        ("tool", "billing.find", 1, 0, 0),
        ("tool", "refund.create", 1, 1, 0),
    }


def test_those_that_reached_nobody_or_a_person_are_not_contained(agent):
    for outcome, transfer in (("failed", ""), ("not_connected", ""), ("transferred", "bridged"), ("", "")):
        make_call(agent, outcome=outcome, transfer=transfer)
    tally = tallied(make_call(agent, outcome="caller_hung_up"))

    assert (tally.calls, tally.contained) == (5, 2)
    assert (tally.failed, tally.not_connected, tally.transferred, tally.caller_hung_up) == (1, 1, 1, 1)


def test_what_goes_on_or_was_only_tried_does_not_count(agent):
    tallies.mark_all(Call.objects.all())
    make_call(agent, ended=False)
    tallies.mark(make_call(agent, platform="playground"))
    settled()

    assert not Tally.objects.exists()


def test_made_again_it_is_the_same(call):
    first = tallied(call)
    parts = set(TallyPart.objects.filter(hours=1).values_list("pk", flat=True))

    assert tallied(call).pk == first.pk
    assert set(TallyPart.objects.filter(hours=1).values_list("pk", flat=True)) == parts
    assert not TallyMark.objects.exists()


def test_a_late_fact_a_move_and_an_erasure_change_it(call, agent):
    make_call(agent, started_at=BEGAN + timedelta(minutes=5))
    assert tallied(call).calls == 2

    Turn.objects.filter(key="r1").update(reply_ms=None)
    assert tallied(call).answers == 1

    tallies.mark(call)
    call.started_at = BEGAN + timedelta(hours=1)
    call.save()
    tallies.mark(call)
    settled()
    assert list(HOURS.order_by("hour").values_list("calls", "answers")) == [(1, 0), (1, 1)]

    tallies.mark_all(Call.objects.all())
    Call.objects.all().delete()
    settled()
    assert not Tally.objects.exists()
    assert not TallyPart.objects.exists()


def test_what_retention_takes_away_still_counts(call):
    tallies.seal(Call.objects.all())
    Call.objects.all().delete()
    tallies.mark(call)
    settled()
    assert [until for until, _ in tallies.rebuild(call.workspace_id)]

    assert HOURS.all().get().calls == 1
    assert TallyMark.objects.get().changed_at is None


def test_the_past_is_made_in_one_go(call, agent):
    make_call(agent, started_at=BEGAN - timedelta(days=20))
    make_call(agent, started_at=BEGAN - timedelta(days=20, hours=5))
    elsewhere = Workspace.objects.create(name="Elsewhere")
    tallies.mark(call)

    pieces = list(tallies.rebuild(agent.workspace_id))

    assert sum(calls for _, calls in pieces) == 3
    assert len(pieces) == 3
    assert HOURS.all().count() == 3
    assert not TallyMark.objects.exists()
    assert list(tallies.rebuild(elsewhere.pk)) == []
    since = datetime(2026, 11, 19, tzinfo=UTC)
    assert sum(calls for _, calls in tallies.rebuild(agent.workspace_id, since)) == 1


def test_every_night_the_last_days_are_looked_at_again(call, agent):
    now = datetime.now(UTC)
    recent = make_call(agent, started_at=now - timedelta(hours=3), ended_at=now)
    tallied(recent)
    Call.objects.filter(pk=recent.pk).update(started_at=now - timedelta(hours=5))

    tallies.look_again()
    settled()

    assert [one.hour for one in HOURS.filter(hour__gte=now - timedelta(days=1))] == [
        tallies.hour_of(now - timedelta(hours=5))
    ]


def test_a_command_makes_them_anew(call, agent, capsys):
    make_call(agent, started_at=BEGAN - timedelta(days=20))

    call_command("rebuild_insights", workspace="Larkfield Energy", since="2026-11-19")

    told = capsys.readouterr().out
    assert "Larkfield Energy: 1 calls until 2026-11-20 10:00 UTC" in told
    assert "1 calls added up" in told
    assert HOURS.all().count() == 1
    for wrong in ({"workspace": "Nowhere"}, {"since": "yesterday"}):
        with pytest.raises(CommandError):
            call_command("rebuild_insights", **wrong)


def test_days_are_the_sums_of_their_hours(call, agent):
    make_call(agent, TURNS, started_at=BEGAN + timedelta(hours=3))
    tallies.mark_all(Call.objects.all())
    settled()

    day = Tally.objects.get(hours=24)

    assert day.hour == BEGAN.replace(hour=0, minute=0)
    assert (day.calls, day.answers, sum(day.spread), day.mood_at_end) == (2, 4, 4, 1.0)
    used_then = TallyPart.objects.get(hours=24, name="refund.create")
    assert (used_then.n, used_then.failed) == (2, 2)
