"""What is remembered of a caller from earlier calls."""

from dataclasses import replace
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.utils import timezone

from accounts.models import Workspace
from agents import registry
from agents.llm import tools
from agents.models import Agent
from agents.registry import ToolContext
from agents.services import publish
from calls import embedders, memory
from calls.embeddings import query_for, take_in
from calls.memory import NOTES, recall
from calls.models import Call
from tests.agents.conftest import dropped_connections as dropped_connections
from tests.calls.made import make_call, said
from tests.people import make_member

CALLER, OTHER = "+447700900142", "+447700900143"


@pytest.fixture
def earlier(agent) -> list[Call]:
    """Calls of one caller, and one of another, newest first."""
    now = timezone.now()
    told = [
        (CALLER, 1, "A refund of £12 was promised.", {"successful": False, "sentiment": "negative"}),
        (OTHER, 2, "Somebody else moved house.", {}),
        (CALLER, 3, "The meter was read.", {"successful": True}),
        (CALLER, 4, "", {}),
        (CALLER, 9, "An engineer\n came.", {}),
    ]
    calls = [
        make_call(
            agent,
            [said("c0", text or "Hello?", 0, 900)],
            from_number=number,
            started_at=now - timedelta(days=days),
            summary=text,
            **more,
        )
        for number, days, text, more in told
    ]
    for call in calls:
        take_in(call)
    return calls


def day(call: Call) -> str:
    return f"{call.started_at:%d %B %Y}".lstrip("0")


def test_the_last_calls_of_a_caller_are_told_in_a_line_each(earlier, workspace):
    assert recall(workspace.pk, CALLER).splitlines() == [
        NOTES,
        f"- {day(earlier[0])}, Odell: A refund of £12 was promised. (not settled, the caller was negative)",
        f"- {day(earlier[2])}, Odell: The meter was read. (settled)",
        f"- {day(earlier[4])}, Odell: An engineer came.",
    ]


def test_who_was_rung_up_is_known_by_the_number_that_was_dialled(agent):
    make_call(agent, direction="outbound", from_number=OTHER, to_number=CALLER, summary="They renewed.",
              started_at=timezone.now())  # fmt: skip

    assert "They renewed." in recall(agent.workspace_id, CALLER)
    assert recall(agent.workspace_id, OTHER) == ""


@pytest.mark.parametrize("number", ["", "anonymous", "+1", "sip:odell@example.com", "+447700900199"])
def test_nothing_is_known_of_a_stranger(earlier, workspace, number):
    Call.objects.filter(pk=earlier[1].pk).update(from_number=number)

    assert recall(workspace.pk, number) == "" or number.startswith("+4477")


def test_another_workspace_remembers_its_own_calls_only(earlier):
    other = Workspace.objects.create(name="Another")

    assert recall(other.pk, CALLER) == ""


def test_the_call_that_goes_on_is_no_memory_and_neither_is_last_years(agent):
    old = timezone.now() - timedelta(days=400)
    now = make_call(agent, summary="This very call.", started_at=timezone.now())
    make_call(agent, summary="Long ago.", started_at=old)

    assert recall(agent.workspace_id, CALLER, but=now.pk) == ""


def test_it_never_grows_beyond_what_a_prompt_takes(agent):
    for _ in range(9):
        make_call(agent, summary="word " * 500, started_at=timezone.now(), successful=False,
                  sentiment="negative")  # fmt: skip

    assert 600 < len(recall(agent.workspace_id, CALLER)) <= 1_000


# --- The tools ------------------------------------------------------------------------------------------


def vector_of(workspace, text: str) -> list[float]:
    return async_to_sync(query_for)(text, workspace.pk)


def looked_up(workspace, text: str) -> str:
    return memory._of_the_caller(ToolContext(workspace.pk, caller=CALLER), vector_of(workspace, text))


def test_an_agent_can_look_up_what_was_said_to_this_caller_and_to_nobody_else(earlier, workspace):
    assert "A refund of £12 was promised." in looked_up(workspace, "money back")
    assert "moved house" not in looked_up(workspace, "moving house")


def chat(agent, opened_by=None) -> Call:
    return make_call(agent, ended=False, channel="chat", platform="chat", from_number="", opened_by=opened_by)


def of(call: Call | None, workspace) -> ToolContext:
    return ToolContext(workspace.pk, call_id=call and call.pk, caller=CALLER)


def test_a_colleague_can_search_all_calls_and_is_told_where(earlier, agent, workspace):
    mine = of(chat(agent, make_member(workspace, "operator")), workspace)

    assert memory._is_for_a_colleague(mine)
    told = memory._of_everybody(mine, vector_of(workspace, "somebody moves to another house"))

    first = earlier[1]
    assert f"Somebody else moved house. [/calls/{first.pk}/" in told
    assert f"[/calls/{first.pk}/#turn-1]" in told
    assert (
        memory._of_everybody(mine, vector_of(workspace, "pineapples in outer space")) == "Nothing was found."
    )


def test_nobody_else_can_search_them(earlier, agent, workspace):
    stranger = Workspace.objects.create(name="Another")
    spy = make_member(stranger, "owner")
    refused = [
        earlier[0],
        None,
        chat(agent),
        chat(agent, make_member(workspace, "viewer")),
        chat(agent, spy),
        chat(Agent.objects.create(workspace=stranger, name="Spy"), spy),
    ]

    assert not any(memory._is_for_a_colleague(of(call, workspace)) for call in refused)


async def test_a_model_uses_them_like_any_other_tool(transactional_db, dropped_connections):
    def before() -> ToolContext:
        agent = Agent.objects.create(
            workspace=Workspace.objects.create(name="Larkfield Energy"), name="Odell", topic="Billing"
        )
        make_call(agent, from_number=CALLER, summary="The meter was read.", started_at=timezone.now())
        return ToolContext(agent.workspace_id, caller=CALLER)

    caller = await sync_to_async(before)()
    nobody = replace(caller, caller="")

    for context, name, query, ok, told in [
        (caller, "lookup_memory", {}, True, "The meter was read."),
        (replace(caller, caller="+447700900199"), "lookup_memory", {}, True, "There were no earlier calls."),
        (caller, "lookup_memory", {"query": "meter"}, True, "Nothing was found."),  # it is not placed yet
        (nobody, "lookup_memory", {"query": "meter"}, False, "not known who"),
        (caller, "search_calls", {"query": "meter"}, False, "Only a colleague"),
    ]:
        result = await tools.run(context, name, query)
        assert (result.ok, told in result.text) == (ok, True), result


def test_the_model_is_loaded_ahead_only_where_an_agent_may_search(agent):
    assert not memory._is_searched()
    publish(agent, tools=["end_call", "lookup_memory"])
    assert memory._is_searched()
    publish(agent, tools=["end_call"])
    assert not memory._is_searched()


async def test_a_broken_model_keeps_no_process_from_serving(
    transactional_db, dropped_connections, settings, monkeypatch, caplog
):
    def before():
        agent = Agent.objects.create(workspace=Workspace.objects.create(name="Larkfield"), name="Odell")
        publish(agent, tools=["lookup_memory"])

    def broken():
        raise ImportError("wordllama is not there")

    await sync_to_async(before)()
    monkeypatch.setitem(embedders.KINDS, "broken", broken)
    settings.EMBEDDINGS = "broken"

    await memory.prepare()

    assert "the model for searches is not there ahead" in caplog.text


def test_the_tools_are_registered_and_take_no_workspace():
    for name in ("lookup_memory", "search_calls"):
        spec = registry.find(name).spec
        assert spec.parameters["additionalProperties"] is False
        assert spec.parameters["properties"].keys() == {"query"}
