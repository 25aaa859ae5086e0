"""What others change on the platform: seen, kept or put back; and a platform that is away."""

import pytest
from django.core.cache import cache
from django.db import connections

from accounts.models import AuditEntry
from agents.models import Agent, PlatformCopy
from agents.publishing import acts, drift, push, tasks
from agents.publishing.alone import Busy, alone, asked
from agents.publishing.rests import rest_of_account
from agents.services import publish
from base.turns import one_at_a_time
from platforms.errors import PlatformError, Unpublishable
from platforms.models import Connection
from tests.agents.publishing.conftest import copy_of

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def put(agent) -> Agent:
    return _put(agent)


@pytest.fixture
def put_hosted(hosted) -> Agent:
    return _put(hosted)


def _put(agent: Agent) -> Agent:
    push.push(agent, None)
    agent.refresh_from_db()
    return agent


def test_what_others_change_is_seen(put, elsewhere):
    assert drift.check(put).differences == []

    elsewhere.change(put.platform_agent_id, voice_speed=1.1)

    copy = drift.check(put)
    assert copy.differences == ["speed"]
    assert (copy.ours["speed"], copy.theirs["speed"]) == (1.0, 1.1)


def test_what_we_say_nothing_about_is_theirs(put, elsewhere):
    elsewhere.change(put.platform_agent_id, ambient_sound="call-center")

    assert drift.check(put).differences == []


def test_ours_is_put_back(put, elsewhere, editor):
    elsewhere.change(put.platform_agent_id, voice_speed=1.1, ambient_sound="call-center")
    drift.check(put)

    drift.put_back(put, editor)

    there = elsewhere.agent(put.platform_agent_id)
    assert (there["voice_speed"], there["ambient_sound"]) == (1.0, "call-center")
    assert copy_of(put).differences == []
    entry = AuditEntry.objects.get(action="agent.drift_put_back")
    assert (entry.actor_id, entry.detail) == (editor.pk, {"version": 1, "over": ["speed"]})


def test_theirs_is_kept_as_a_version(put, elsewhere, editor):
    elsewhere.change(put.platform_agent_id, voice_speed=1.1, voice_id="cartesia-Willa", agent_name="Dell")

    version = drift.keep(put, editor)

    assert (version.number, version.speed, version.voice) == (2, 1.1, "cartesia-Willa")
    assert (version.prompt, version.created_by) == ("You are Odell.", editor)
    assert version.note == "Kept from Main (Retell): speed, voice"
    assert Agent.objects.get().live_version == version
    copy = copy_of(put)
    assert (copy.version, copy.differences) == (version, [])
    detail = AuditEntry.objects.get(action="agent.drift_keep").detail
    assert detail == {"kept": ["speed", "voice"], "left": ["name"]}
    # Nothing is put for it: it came from there.
    assert push.catch_up(put) is False
    assert elsewhere.agent(put.platform_agent_id)["version"] == 1


def test_what_no_version_says_is_left_to_the_platform_until_somebody_puts_all_of_ours(put, elsewhere, editor):
    elsewhere.change(put.platform_agent_id, webhook_url="https://else.example")

    assert drift.keep(put, editor) is None

    publish(put, speed=1.2)
    assert push.catch_up(put) is True
    there = elsewhere.agent(put.platform_agent_id)
    assert (there["webhook_url"], there["voice_speed"]) == ("https://else.example", 1.2)
    assert drift.check(put).differences == []
    push.push(put, editor)
    assert "/webhooks/retell/" in elsewhere.agent(put.platform_agent_id)["webhook_url"]


def test_a_value_that_is_no_value_of_ours_is_left_to_the_platform(put, elsewhere, editor):
    elsewhere.change(put.platform_agent_id, language=["en-GB", "es-ES"])

    assert drift.keep(put, editor) is None
    assert copy_of(put).ours["language"] is None


def test_the_words_of_a_hosted_agent_are_kept(put_hosted, elsewhere, editor):
    elsewhere.change(
        put_hosted.platform_agent_id,
        llm={
            "general_prompt": "You are Odell, and brief.",
            "start_speaker": "user",
            "model_config": {"temperature": 0.7},
            "default_dynamic_variables": {"company_name": "Larkfield Energy", "desk": "Sales"},
            "general_tools": elsewhere.llm(put_hosted.platform_agent_id)["general_tools"][:1],
        },
    )
    differences = drift.check(put_hosted).differences
    assert differences == ["prompt", "first_message", "temperature", "variables", "tools"]

    version = drift.keep(put_hosted, editor)

    assert (version.prompt, version.first_message) == ("You are Odell, and brief.", "")
    assert (version.temperature, version.variables, version.tools) == (0.7, {"desk": "Sales"}, ["end_call"])


def test_a_tool_of_theirs_is_left_to_them(put_hosted, elsewhere, editor):
    tool = {"type": "custom", "name": "sell", "url": "https://else.example"}
    elsewhere.change(put_hosted.platform_agent_id, llm={"general_tools": [tool]})

    assert drift.keep(put_hosted, editor) is None
    assert copy_of(put_hosted).ours["tools"] is None


def test_another_model_of_theirs_becomes_ours_to_change(put_hosted, elsewhere, editor):
    other = elsewhere.ask("POST", "/create-retell-llm", start_speaker="agent", general_prompt="Another.")
    engine = {"type": "retell-llm", "llm_id": other["llm_id"]}
    elsewhere.change(put_hosted.platform_agent_id, response_engine=engine)

    version = drift.keep(put_hosted, editor)

    assert version.prompt == "Another."
    assert Agent.objects.get().platform_llm_id == other["llm_id"]
    publish(put_hosted, prompt="Ours again.")
    push.catch_up(put_hosted)
    assert elsewhere.llm(put_hosted.platform_agent_id)["general_prompt"] == "Ours again."


def test_a_platform_that_is_away_is_no_drift(put, connection, elsewhere, world):
    elsewhere.change(put.platform_agent_id, voice_speed=1.1)
    drift.check(put)
    connection.base_url = NOBODY
    connection.save()

    with pytest.raises(PlatformError):
        drift.check(put)
    copy = copy_of(put)
    assert (copy.error, copy.differences) == ("Retell could not be reached", ["speed"])

    connection.base_url = world.retell_url
    connection.save()
    assert drift.check(put).error == ""


def test_an_agent_that_was_deleted_there_is_no_drift(put):
    Agent.objects.update(platform_agent_id="agent_nobody")

    with pytest.raises(Unpublishable, match="Retell knows no agent agent_nobody any more"):
        drift.check(put)
    assert copy_of(put).differences == []


def test_a_round_looks_at_all_and_puts_what_is_not_there_yet(put, elsewhere, workspace, connection):
    other = Agent.objects.create(workspace=workspace, connection=connection, name="Juno")
    publish(other, prompt="You are Juno.", voice="11labs-Dorothy")
    _put(other)
    elsewhere.change(other.platform_agent_id, voice_speed=0.9)
    publish(put, speed=1.3)

    tasks.guard()

    assert copy_of(other).differences == ["speed"]
    assert elsewhere.agent(put.platform_agent_id)["voice_speed"] == 1.3


def test_a_silent_platform_is_waited_for_once_a_round(put, workspace, connection):
    other = Agent.objects.create(workspace=workspace, connection=connection, name="Juno")
    publish(other, prompt="You are Juno.", voice="11labs-Dorothy")
    _put(other)
    connection.base_url = NOBODY
    connection.save()

    tasks.guard()

    errors = {copy_of(put).error, copy_of(other).error}
    assert errors == {"", "Retell could not be reached"}


def test_an_account_that_does_not_answer_holds_up_no_other(put, workspace, connection, elsewhere, world):
    """Rests, and of several one is asked again a round, though they have waited longest."""
    silent = [_away(workspace, name) for name in ("first", "second")]
    PlatformCopy.objects.filter(agent__in=silent).update(checked_at=None)
    tasks.guard()
    PlatformCopy.objects.update(error="")
    elsewhere.change(put.platform_agent_id, voice_speed=1.1)

    tasks.guard()

    assert copy_of(put).differences == ["speed"]
    assert [copy_of(agent).error for agent in silent] == ["", ""]
    for agent in silent:
        cache.delete(f"publishing:rest:connection:{agent.connection_id}")
    tasks.guard()
    assert sorted(copy_of(agent).error for agent in silent) == ["", "Retell could not be reached"]


def test_who_sees_that_an_account_answers_ends_its_rest(put, editor):
    rest_of_account(put).take()

    assert acts.do("check", put, editor.pk) is None
    assert (rest_of_account(put).is_on(), rest_of_account(put).failures()) == (False, 0)


def test_one_account_is_at_work_for_one_at_a_time(put, editor):
    with one_at_a_time(f"publishing:act:{put.connection_id}", 10):
        failure = acts.do("check", put, editor.pk, wait_s=0.0)
    assert failure.said.startswith("Another agent of this connection")


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_a_platform_holds_no_connection():
    async def held() -> bool:
        return connections["default"].connection is not None

    assert Agent.objects.count() == 0
    assert asked(held()) is False
    assert Agent.objects.count() == 0


def _away(workspace, name: str) -> Agent:
    nowhere = Connection.objects.create(
        workspace=workspace, platform="retell", name=name, api_key="key", base_url=NOBODY
    )
    agent = Agent.objects.create(
        workspace=workspace, connection=nowhere, name=name, platform_agent_id=f"agent_{name}"
    )
    version = publish(agent, prompt="Hello.", voice="11labs-Anthony")
    PlatformCopy.objects.create(workspace=workspace, agent=agent, version=version, ours={}, theirs={})
    return agent


def test_two_do_not_work_on_one_agent_at_once(put):
    with alone(put), pytest.raises(Busy):
        drift.check(put, wait_s=0.0)
