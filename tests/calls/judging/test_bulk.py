"""Many calls read again: what it would cost, how it goes on, and what ends it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async
from django.db.models import JSONField, Value
from django.utils import timezone

from accounts.models import Workspace
from agents.models import Agent, Budget, LanguageModel, ModelCall, Provider
from calls.judging import bulk, readings, tasks
from calls.models import Call, FieldValue, Reading
from tests.agents.vendors import Refuse
from tests.calls.judging.conftest import answers, make_over, worker
from tests.calls.judging.made import make_field, make_scorecard, make_topic
from tests.calls.made import make_call

EVERYTHING = ["fields", "scorecards", "topics"]
AMOUNT = {"fields": {"amount": {"value": 42, "turn": 4}}}


def start(call, what=("fields",), query="") -> Reading:
    return readings.start(call.workspace_id, query, list(what), by=None, actor=None)


async def begun(call, calls=0, **fields) -> Reading:
    """A reading of it and of so many more, for one field."""

    def make() -> Reading:
        make_field(call.agent)
        for _ in range(calls):
            make_over(call.agent)
        return start(call)

    return await sync_to_async(make)()


# --- What it would cost ---------------------------------------------------------------------------------


@pytest.fixture
def model(agent) -> LanguageModel:
    provider = Provider.objects.create(workspace_id=agent.workspace_id, name="Vendor", kind="openai")
    return LanguageModel.objects.create(
        workspace_id=agent.workspace_id, provider=provider, name="a", tier="fast", price_in=2, price_out=10
    )


def test_an_estimate_is_by_calls_their_length_and_the_price_of_the_model(agent, model):
    make_field(agent), make_topic(agent), make_scorecard(agent)
    for _ in range(3):
        make_over(agent)
    make_call(agent, ended=False)

    told = readings.estimate(agent.workspace_id, "", EVERYTHING)

    assert (told.calls, told.requests, told.model) == (3, 6, "a")
    assert told.usd == (told.tokens_in * 2 + told.tokens_out * 10) / Decimal(1_000_000)
    less = readings.estimate(agent.workspace_id, "", ["topics"])
    assert (less.requests, less.usd < told.usd) == (3, True)
    assert readings.estimate(agent.workspace_id, "status=failed", EVERYTHING).calls == 0


def test_what_cannot_be_read_says_why(agent, model):
    make_over(agent)
    with pytest.raises(readings.Refused, match="Nothing of this is defined"):
        start(agent)
    make_field(agent)
    with pytest.raises(readings.Refused, match="no such call"):
        start(agent, query="status=failed")
    start(agent)
    with pytest.raises(readings.Refused, match="already"):
        start(agent)
    model.delete()
    with pytest.raises(readings.Refused, match="No model"):
        readings.estimate(agent.workspace_id, "", ["fields"])


# --- How it goes on -------------------------------------------------------------------------------------


async def test_it_reads_in_pieces_to_the_end_and_says_what_it_cost(over, vendors):
    reading = await begun(over, calls=bulk.AT_ONCE)
    answers(vendors, AMOUNT)

    assert await worker(bulk.read_piece, reading)
    await reading.arefresh_from_db()
    assert (reading.status, reading.done, reading.about) == ("running", 4, 5)
    await worker(tasks.read_on)

    await reading.arefresh_from_db()
    assert (reading.status, reading.done, reading.failed, bool(reading.ended_at)) == ("done", 5, 0, True)
    assert reading.cost_usd == Decimal("0.005")
    assert [call.fields async for call in Call.objects.all()] == [{"amount": 42}] * 5
    assert (await Call.objects.afirst()).summary == ""
    assert {one.turn async for one in ModelCall.objects.all()} == {f"reading {reading.pk}"}


async def test_it_goes_on_where_a_dead_worker_left_it_and_leaves_out_what_came_later(over, vendors):
    reading = await begun(over, calls=1)
    newest = await Call.objects.order_by("-id").afirst()
    await Reading.objects.aupdate(status="running", last_call=newest.pk, done=1)
    await sync_to_async(make_over)(over.agent)
    answers(vendors, AMOUNT)

    await worker(tasks.read_on)

    assert [value.call_id async for value in FieldValue.objects.all()] == [over.pk]
    await reading.arefresh_from_db()
    assert (reading.status, reading.done) == ("done", 2)


async def test_a_call_that_was_live_when_it_was_asked_for_is_one_more(over, vendors):
    live = await sync_to_async(make_over)(over.agent)
    await Call.objects.filter(pk=live.pk).aupdate(ended_at=None)
    reading = await begun(over)
    assert reading.about == 1
    await Call.objects.filter(pk=live.pk).aupdate(ended_at=over.ended_at)
    answers(vendors, AMOUNT)

    await worker(tasks.read_on)

    await reading.arefresh_from_db()
    assert (reading.done, reading.about) == (2, 2)


async def test_a_call_whose_answer_is_none_is_counted_and_the_rest_goes_on(over, vendors):
    reading = await begun(over)
    answers(vendors, "I would rather not say.")

    await worker(tasks.read_on)

    await reading.arefresh_from_db()
    assert (reading.status, reading.done, reading.failed) == ("done", 1, 1)


async def test_one_that_breaks_is_set_aside_and_the_others_go_on(over, vendors, caplog):
    reading = await begun(over)

    def another() -> Reading:
        workspace = Workspace.objects.create(name="Elsewhere")
        agent = Agent.objects.create(workspace=workspace, name="Iris")
        make_over(agent)
        return Reading.objects.create(workspace=workspace, about=1, what=Value(None, JSONField()))

    breaks = await sync_to_async(another)()
    answers(vendors, AMOUNT)
    await worker(tasks.read_on)
    await worker(tasks.read_on)

    await reading.arefresh_from_db()
    await breaks.arefresh_from_db()
    assert (reading.status, reading.done) == ("done", 1)
    assert breaks.status in readings.UNDER_WAY
    assert caplog.text.count(f"reading {breaks.pk} was set aside for 300 s: TypeError") == 1


# --- What ends it ---------------------------------------------------------------------------------------


async def test_a_person_stops_it(over, vendors):
    reading = await begun(over)

    stopped = await sync_to_async(readings.stop)(reading, actor=None)
    await worker(tasks.read_on)

    assert (stopped.status, stopped.reason) == ("stopped", "A person stopped it.")
    assert vendors.requests == []


async def test_a_budget_that_is_used_up_ends_it_and_says_so(over, vendors):
    reading = await begun(over)
    await Budget.objects.acreate(workspace_id=over.workspace_id, period="day", hard_usd=0)

    await worker(tasks.read_on)

    await reading.arefresh_from_db()
    assert (reading.status, reading.done) == ("stopped", 0)
    assert "budget for today is used up" in reading.reason


async def test_while_models_do_not_answer_nobody_elses_is_asked_for_either(over, vendors):
    """A round of many, each of which waits for a model that hangs, would take no end."""
    reading = await begun(over)

    other = await Reading.objects.acreate(
        workspace_id=over.workspace_id, about=1, what=reading.what, status=reading.status
    )
    vendors.play("a", Refuse(500))

    await worker(tasks.read_on)

    await reading.arefresh_from_db()
    await other.arefresh_from_db()
    assert {reading.alive_at is None, other.alive_at is None} == {True, False}


async def test_it_waits_for_models_that_do_not_answer_and_gives_up_in_the_end(over, vendors):
    reading = await begun(over)
    vendors.play("a", Refuse(500))

    with pytest.raises(bulk.Waits):
        await worker(bulk.read_piece, reading)
    await reading.arefresh_from_db()
    assert (reading.status, reading.done) == ("running", 0)
    await worker(lambda: bulk.cache.set(bulk._silent(reading), timezone.now() - timedelta(minutes=16)))

    assert not await worker(bulk.read_piece, reading)
    await reading.arefresh_from_db()
    assert (reading.status, reading.reason) == ("stopped", bulk.SILENT)
