"""What was said is found by what it is about."""

import asyncio
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import Workspace
from agents.llm import router
from agents.llm.errors import ProviderError
from agents.models import Agent, Budget, ModelCall
from agents.registry import ToolContext
from calls import embedders, embeddings, memory
from calls.embeddings import query_for, take_in, waiting
from calls.fold import READER
from calls.models import Call, Embedding, Point, Turn
from calls.services import record
from platforms.events import CallAnalyzed, TurnTakenBack
from tests.agents.conftest import dropped_connections as dropped_connections
from tests.calls.made import make_call, said, used
from tests.calls.told import BEGAN, BY_THE_PLATFORM
from tests.calls.vendor import vendor as vendor


@pytest.fixture
def call(agent) -> Call:
    return make_call(
        agent,
        [
            said("r0", "Hello, you are through to billing.", 0, 900),
            said("c0", "My card was charged two times for one bill.", 1_000, 1_900),
            used("x1", "billing.find_charges", 2_000, 2_100, result='{"charges": 2}'),
            said("c1", "And the dog ate my meter.", 3_000, 3_900),
        ],
        summary="The caller was billed twice and got a refund.",
    )


def nearest(workspace_id, text, **narrowed):
    vector = async_to_sync(query_for)(text, workspace_id)
    return embeddings.nearest(workspace_id, vector, **narrowed)


def texts(found) -> list[str]:
    return [one.turn.text if one.turn else one.call.summary for one in found]


def test_what_people_said_and_what_it_came_to_is_placed(call):
    assert take_in(call) == 4

    rows = Embedding.objects.filter(call=call)
    assert {row.turn.text if row.turn else row.call.summary for row in rows} == {
        "Hello, you are through to billing.",
        "My card was charged two times for one bill.",
        "And the dog ate my meter.",
        "The caller was billed twice and got a refund.",
    }
    assert {(row.model, len(row.vector), row.workspace_id) for row in rows} == {
        ("wordllama-l2-256", 256, call.workspace_id)
    }
    assert not ModelCall.objects.exists()


def test_twice_is_once(call):
    take_in(call)

    assert take_in(call) == 0
    assert Embedding.objects.filter(call=call).count() == 4


def test_what_changed_is_placed_again_and_alone(call):
    take_in(call)
    before = dict(Embedding.objects.values_list("turn_id", "digest"))
    turn = call.turns.get(n=4)
    Turn.objects.filter(pk=turn.pk).update(text="And the dog ate my heater.")

    assert take_in(call) == 1
    after = dict(Embedding.objects.values_list("turn_id", "digest"))
    assert {pk for pk in after if after[pk] != before[pk]} == {turn.pk}


def test_what_was_taken_back_is_not_found_any_more(call):
    take_in(call)
    back = TurnTakenBack("c1", call.started_at)
    call.events.create(
        workspace_id=call.workspace_id, key=back.key, turn="c1", kind="TurnTakenBack", source="socket",
        at=back.at, data={},
    )  # fmt: skip
    Call.objects.filter(pk=call.pk).update(summary="")

    take_in(Call.objects.get())

    assert {row.turn and row.turn.key for row in Embedding.objects.all()} == {"r0", "c0"}


@pytest.mark.parametrize("another", ["", "a model", "zeta"])
def test_another_model_places_everything_again(call, agent, another):
    take_in(call)
    assert waiting(10) == []
    for table in (Embedding, Point):
        table.objects.update(model="another")
    Call.objects.update(embedded_by=another)
    new = make_call(agent)

    assert nearest(call.workspace_id, "charged twice") == []
    assert waiting(10) == [new, call]
    assert waiting(1) == [new]
    assert take_in(call) == 4
    assert waiting(10) == [new]
    assert nearest(call.workspace_id, "charged twice")


def test_a_call_waits_once_it_is_over_and_a_chat_from_its_first_word(agent):
    ended, chat = make_call(agent), make_call(agent, ended=False, channel="chat")
    make_call(agent, ended=False)
    make_call(agent, embedded_at=timezone.now(), embedded_by=embedders.name())

    assert set(waiting(10)) == {ended, chat}
    assert len(waiting(1)) == 1


def test_a_call_that_changes_waits_again(workspace, opening):
    call = record(workspace.pk, "retell", "c1", BY_THE_PLATFORM, source="platform", opening=opening)
    take_in(call)
    assert not waiting(10)

    later = CallAnalyzed(BEGAN, summary="Something else.")
    record(workspace.pk, "retell", "c1", [later], source=READER, opening=opening)

    assert waiting(10) == [call]


def test_a_change_in_between_is_not_missed(workspace, opening):
    before = record(workspace.pk, "retell", "c1", BY_THE_PLATFORM, source="platform", opening=opening)
    changed = CallAnalyzed(BEGAN, summary="Something else.")
    record(workspace.pk, "retell", "c1", [changed], source="platform", opening=opening)

    take_in(before)

    assert waiting(10) == [before]


def test_it_finds_what_says_the_like(call):
    take_in(call)

    found = nearest(call.workspace_id, "I paid twice for my invoice")

    assert set(texts(found)[:2]) == {
        "My card was charged two times for one bill.",
        "The caller was billed twice and got a refund.",
    }
    assert 1 >= found[0].likeness >= found[1].likeness >= embeddings.ALIKE
    assert nearest(call.workspace_id, "quantum chromodynamics of pineapples") == []


def test_it_finds_nothing_of_another_workspace_nor_of_other_calls(call, agent):
    take_in(call)
    other = Workspace.objects.create(name="Another")
    stranger = Agent.objects.create(workspace=other, name="Spy")

    assert nearest(other.pk, "charged twice") == []
    assert nearest(stranger.workspace_id, "charged twice", among=Call.objects.all()) == []
    assert nearest(call.workspace_id, "charged twice", among=Call.objects.exclude(pk=call.pk)) == []


@pytest.mark.django_db(transaction=True)
def test_openai_is_asked_once_for_many_and_what_it_costs_is_written_down(call, vendor):
    assert take_in(call) == 4

    (asked,) = vendor.asked
    assert (asked["path"], asked["model"], asked["dimensions"]) == (
        "/v1/embeddings",
        "text-embedding-3-small",
        256,
    )
    assert [row.vector[0] for row in Embedding.objects.order_by("turn__n")] == [1, 2, 3, 0]
    spent = ModelCall.objects.get()
    assert (spent.feature, spent.tokens_in, str(spent.cost_usd)) == ("embedding", 500_000, "0.01000000")
    assert (spent.call_id, spent.agent_id) == (call.pk, call.agent_id)
    assert (spent.workspace_id, spent.finish) == (call.workspace_id, "stop")


@pytest.mark.django_db(transaction=True)
def test_over_a_budget_nobody_is_asked(call, vendor):
    Budget.objects.create(workspace_id=call.workspace_id, period="day", hard_usd="0.005")
    take_in(call)

    for table in (Embedding, Point):
        table.objects.all().delete()
    with pytest.raises(ProviderError, match="budget_exceeded"):
        take_in(call)
    with pytest.raises(ProviderError, match="budget_exceeded"):
        nearest(call.workspace_id, "charged twice")

    assert len(vendor.asked) == ModelCall.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_vendor_that_fails_leaves_the_call_waiting_and_is_on_record(call, vendor):
    vendor.status = 401

    with pytest.raises(ProviderError, match="auth") as failed:
        take_in(call)

    assert failed.value.falls_through
    assert waiting(10) == [call]
    tried = ModelCall.objects.get()
    assert (tried.feature, tried.error_type, tried.cost_usd) == ("embedding", "auth", 0)


def test_texts_that_a_vendor_will_not_have_are_told_from_a_vendor_that_fails(call, vendor):
    vendor.status = 400

    with pytest.raises(ProviderError, match="internal") as refused:
        take_in(call)
    assert not refused.value.falls_through


async def test_a_vendor_that_hangs_keeps_nobody_waiting_but_who_searches(
    transactional_db, dropped_connections, vendor
):
    """Ten callers' agents look something up, each for a few seconds at most; all else goes on meanwhile."""
    vendor.status = 500
    vendor.free.clear()
    context = ToolContext(UUID(int=1), caller="+447700900142")
    asked = [asyncio.create_task(memory.lookup_memory(context, {"query": f"refund {n}"})) for n in range(10)]
    try:
        async with asyncio.timeout(20):
            assert await asyncio.to_thread(vendor.came.wait, 15)
    finally:
        vendor.free.set()

    told = await asyncio.gather(*asked, return_exceptions=True)
    assert {str(failed) for failed in told} == {"The search is not available now."}
    assert len(vendor.asked) == len(asked)  # once each


async def test_what_a_search_costs_is_written_down(transactional_db, dropped_connections, agent, vendor):
    context = ToolContext(agent.workspace_id, agent_id=agent.pk, caller="+447700900142")

    await memory.lookup_memory(context, {"query": "charged twice"})

    await router.drain()
    spent = await ModelCall.objects.aget()
    assert (spent.feature, spent.tokens_in, spent.workspace_id) == ("embedding", 500_000, agent.workspace_id)
    assert spent.agent_id == agent.pk
