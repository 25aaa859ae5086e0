"""An agent put on its platform, and put again whenever what we would put there is another."""

import pytest

from accounts.models import AuditEntry
from agents import registry
from agents.models import Agent, PlatformCopy, Tool
from agents.publishing import drift, hooks, push, tasks
from agents.services import publish, rotate_key
from platforms.errors import PlatformError, Unpublishable
from simulator import API_KEY
from tests.agents.publishing.conftest import copy_of


@pytest.fixture
def soon(django_capture_on_commit_callbacks):
    """What is asked for on commit is done."""
    asked = []

    def done(act):
        with django_capture_on_commit_callbacks() as callbacks:
            act()
        asked.extend(callbacks)
        for callback in callbacks:
            assert callback.func is hooks.ask_for_it
            tasks.catch_up(*callback.args)
        return len(callbacks)

    return done


def test_an_agent_of_ours_asks_our_socket_there(agent, editor, elsewhere, settings):
    settings.EARSHOT_URL = "https://earshot.example"
    push.push(agent, editor)

    agent.refresh_from_db()
    there = elsewhere.agent(agent.platform_agent_id)
    assert there["response_engine"] == {
        "type": "custom-llm",
        "llm_websocket_url": f"wss://earshot.example/voice/retell/{agent.key}",
    }
    assert there["webhook_url"] == f"https://earshot.example/webhooks/retell/{agent.connection_id}"
    assert (there["voice_id"], there["voice_speed"], there["language"]) == ("11labs-Anthony", 1.0, "en-GB")
    assert (there["is_published"], there["version_title"]) == (True, "Earshot v1")
    copy = copy_of(agent)
    assert (copy.version, copy.differences, copy.error) == (agent.live_version, [], "")
    entry = AuditEntry.objects.get(action="agent.push")
    assert (entry.actor_id, entry.target, entry.detail["version"]) == (editor.pk, f"agent:{agent.pk}", 1)


def test_a_platforms_model_is_told_prompt_tools_and_variables(hosted, elsewhere):
    Tool.objects.create(
        workspace=hosted.workspace,
        name="account.lookup",
        description="Find an account.",
        parameters={"type": "object", "properties": {"postcode": {"type": "string"}}},
        url="https://tools.example/lookup",
    )
    publish(hosted, tools=["account.lookup", "end_call"], prompt="You are Odell. {{memory}}")
    push.push(hosted, None)

    hosted.refresh_from_db()
    llm = elsewhere.llm(hosted.platform_agent_id)
    assert llm["general_prompt"] == "You are Odell. {{memory}}"
    assert (llm["begin_message"], llm["start_speaker"]) == ("Hello.", "agent")
    assert [(tool["type"], tool["name"]) for tool in llm["general_tools"]] == [
        ("custom", "account__lookup"),
        ("end_call", "end_call"),
    ]
    assert llm["default_dynamic_variables"] == {
        "desk": "Billing",
        "memory": "",
        "company_name": "Larkfield Energy",
        "agent_name": "Odell",
    }


@pytest.mark.parametrize("name", ["account.lookup", "inside"])
def test_what_would_give_secrets_away_or_runs_here_is_refused(hosted, name):
    Tool.objects.create(
        workspace=hosted.workspace,
        name="account.lookup",
        url="https://tools.example",
        headers='{"Authorization": "Bearer secret-of-ours"}',
    )
    if name == "inside":
        name = next(iter(registry.registered()))
    publish(hosted, tools=[name])

    with pytest.raises(Unpublishable, match=name) as refusal:
        push.push(hosted, None)

    assert "secret-of-ours" not in str(refusal.value)
    assert not PlatformCopy.objects.exists()


def test_without_a_connection_a_key_or_a_version_it_says_what_is_missing(agent, connection):
    connection.api_key = ""
    connection.save()
    with pytest.raises(Unpublishable, match="Main has no API key"):
        push.push(agent, None)
    Agent.objects.update(live_version=None)
    connection.api_key = API_KEY
    connection.save()
    with pytest.raises(Unpublishable, match="Publish a version first"):
        push.push(agent, None)
    Agent.objects.update(connection=None)
    with pytest.raises(Unpublishable, match="on no connection"):
        push.push(agent, None)


def test_the_vendors_own_platform_is_not_given_an_address_of_this_machine(agent, connection, settings):
    settings.EARSHOT_URL = "http://127.0.0.1:8000"
    connection.base_url = ""
    connection.save()

    with pytest.raises(Unpublishable, match=r"cannot reach http://127\.0\.0\.1:8000"):
        push.push(agent, None)


def test_a_version_goes_there_once_it_is_published(agent, elsewhere, soon):
    assert soon(lambda: publish(agent, speed=1.1)) == 0  # it is on no platform
    push.push(agent, None)

    assert soon(lambda: publish(agent, speed=1.2)) == 1

    agent.refresh_from_db()
    assert elsewhere.agent(agent.platform_agent_id)["voice_speed"] == 1.2
    assert copy_of(agent).version.number == 3


def test_so_does_a_new_address_of_ours(agent, elsewhere, soon):
    push.push(agent, None)

    soon(lambda: rotate_key(agent))

    agent.refresh_from_db()
    address = elsewhere.agent(agent.platform_agent_id)["response_engine"]["llm_websocket_url"]
    assert address.endswith(agent.key)


def test_it_does_not_wait_for_what_people_have_yet_to_say_of_a_change(agent, elsewhere, soon):
    push.push(agent, None)
    agent.refresh_from_db()
    elsewhere.change(agent.platform_agent_id, voice_speed=1.3)
    drift.check(agent)

    soon(lambda: rotate_key(agent))

    agent.refresh_from_db()
    there = elsewhere.agent(agent.platform_agent_id)
    assert there["response_engine"]["llm_websocket_url"].endswith(agent.key)
    assert there["voice_speed"] == 1.3
    copy = copy_of(agent)
    assert (copy.differences, copy.ours["speed"]) == (["speed"], 1.0)
    assert push.catch_up(agent) is False


def test_what_is_there_already_is_not_put_again(agent, elsewhere):
    push.push(agent, None)
    agent.refresh_from_db()

    tasks.catch_up(str(agent.pk))
    tasks.catch_up(str(agent.pk))

    assert elsewhere.agent(agent.platform_agent_id)["version"] == 0


def test_what_the_platform_refuses_is_said_and_tried_again_ever_later(agent, editor):
    push.push(agent, editor)
    publish(agent, voice="nobody")

    tasks.catch_up(str(agent.pk))

    copy = copy_of(agent)
    assert copy.error == "Retell answered 400: voice_id must be the id of a voice."
    assert copy.version.number == 1
    assert drift.check(agent).error == copy.error  # it can be read; that puts nothing right
    assert push.catch_up(agent) is False

    publish(agent, voice="11labs-Dorothy")
    tasks.catch_up(str(agent.pk))  # a new reason
    assert (copy_of(agent).error, copy_of(agent).version.number) == ("", 3)


def test_what_was_made_there_is_made_once(agent, connection, world):
    """Made and not published, for the platform then refused it: the next try goes on with the same agent."""
    publish(agent, speed=3.0)
    with pytest.raises(Unpublishable):
        push.push(agent, None)
    assert not Agent.objects.get().platform_agent_id
    publish(agent, speed=1.0, voice="nobody")
    with pytest.raises(PlatformError):
        push.push(agent, None)
    publish(agent, voice="11labs-Dorothy")
    made = len(world.phone.studio.agents)

    push.push(agent, None)
    push.push(agent, None)

    assert len(world.phone.studio.agents) == made + 1


def test_nobody_guards_what_is_forgotten(agent, editor):
    push.push(agent, editor)

    push.forget(agent, editor)

    assert not PlatformCopy.objects.exists()
    assert AuditEntry.objects.filter(action="agent.forget_copy").count() == 1
    with pytest.raises(drift.NoCopy):
        drift.check(agent)
