"""Whose call it is: how it finds its agent, and the version that answers."""

import pytest

from accounts.models import Workspace
from agents.models import Agent, PlatformCopy
from calls import board, parts
from calls.fold import SOCKET, WEBHOOK
from calls.models import Call
from calls.services import Opening, link_agent, record, record_quietly
from platforms.events import CallStarted
from platforms.models import Connection
from tests.calls.recorded import ids, shown, watched
from tests.calls.told import BEGAN, BY_THE_PLATFORM, ON_THE_SOCKET, at


@pytest.fixture
def linked(workspace, agent) -> Opening:
    """What a webhook knows of a call of an agent of ours, by its name at the platform."""
    connection = Connection.objects.create(workspace=workspace, platform="retell", name="Retell")
    agent.connection, agent.platform_agent_id = connection, "agent_1"
    agent.save()
    return Opening(BEGAN, connection_id=connection.pk, platform_agent_id="agent_1")


def test_a_call_finds_its_agent_by_the_platforms_name_for_it(workspace, agent, linked):
    call = record(workspace.pk, "retell", "x", [], source=WEBHOOK, opening=linked)

    assert (call.agent, call.version, call.platform_agent_id) == (agent, None, "agent_1")


@pytest.mark.parametrize(
    ("hosting", "put_at", "known"),
    [("platform", BEGAN, True), ("platform", at(1), False), ("ours", BEGAN, False)],
)
def test_a_call_the_platform_answers_by_itself_runs_what_was_put_there(agent, linked, hosting, put_at, known):
    agent.hosting = hosting
    agent.save()
    version = agent.live_version
    PlatformCopy.objects.create(workspace=agent.workspace, agent=agent, version=version, put_at=put_at)

    call = record(agent.workspace_id, "retell", "x", [], source=WEBHOOK, opening=linked)

    assert call.version == (version if known else None)


def test_an_agent_of_another_workspace_is_never_found(linked):
    elsewhere = Workspace.objects.create(name="Elsewhere")

    assert record(elsewhere.pk, "retell", "x", [], source=WEBHOOK, opening=linked).agent is None


def test_whichever_source_comes_first_the_call_is_the_same(workspace, agent, opening, linked):
    other = Agent.objects.create(workspace=workspace, name="Winfield")
    ours = Opening(BEGAN, level="token", agent_id=other.pk, version_id=opening.version_id, trace_id="t")
    theirs = Opening(
        at(-500), level="turn", channel="web", connection_id=linked.connection_id, platform_agent_id="agent_1"
    )
    told = [(SOCKET, ON_THE_SOCKET, ours), (WEBHOOK, BY_THE_PLATFORM, theirs)]
    calls = []
    for order in (told, told[::-1]):
        call_id = f"call_{next(ids)}"
        for source, events, first in order:
            record(workspace.pk, "retell", call_id, events, source=source, opening=first)
        call = Call.objects.get(platform_call_id=call_id)
        calls.append(
            (call.agent, call.version_id, call.connection_id, call.channel, call.trace_id, shown(call))
        )

    assert calls[0] == calls[1]
    assert calls[0][:2] == (other, opening.version_id)
    assert calls[0][3] == "web"


@pytest.mark.django_db(transaction=True)
def test_calls_that_wait_for_their_agent_are_given_it(workspace, agent, linked):
    agent.platform_agent_id = ""
    agent.save()
    waits = record(workspace.pk, "retell", "x", [CallStarted(BEGAN)], source=WEBHOOK, opening=linked)
    elsewhere = Workspace.objects.create(name="Elsewhere")
    record(elsewhere.pk, "retell", "x", [], source=WEBHOOK, opening=linked)
    assert waits.agent is None

    assert link_agent(workspace.pk, linked.connection_id, "agent_1", agent) == 1

    waits.refresh_from_db()
    assert waits.agent == agent
    assert watched(parts.topic(waits))[-1]["data"]["agent"] == "Odell"
    assert watched(board.topic(workspace.pk))[-1]["data"]["agent"] == "Odell"
    assert Call.objects.for_workspace(elsewhere).get().agent is None
    assert link_agent(workspace.pk, linked.connection_id, "agent_1", agent) == 0


def test_whoever_holds_a_call_that_webhooks_told_of_first_need_not_ask_for_its_agent(
    workspace, agent, django_assert_num_queries
):
    record(workspace.pk, "retell", "told", BY_THE_PLATFORM[:1], source="webhook", opening=Opening(BEGAN))
    ours = Opening(BEGAN, level=Call.Level.TOKEN, agent_id=agent.pk, version_id=agent.live_version_id)

    recorded = record_quietly(workspace.pk, "retell", "told", [], source="socket", opening=ours)

    with django_assert_num_queries(0):
        assert (recorded.call.agent.name, recorded.call.version.number) == (agent.name, 1)
