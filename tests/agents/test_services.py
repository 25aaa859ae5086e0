"""Publishing versions, and who answers at a voice address."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.db import IntegrityError, connection, transaction

from accounts.models import User, Workspace
from agents import services
from agents.llm.request import ToolSpec
from agents.llm.tools import BUILT_IN
from agents.models import Agent, AgentVersion, Tool, VersionIsFinal


@pytest.fixture
def agent(db) -> Agent:
    workspace = Workspace.objects.create(name="Larkfield Energy")
    return Agent.objects.create(workspace=workspace, name="Juno", topic="Outages")


def test_it_numbers_versions_and_puts_the_newest_live(agent):
    first = services.publish(agent, prompt="Be brief.")
    second = services.publish(agent, prompt="Be kind.", note="after the storm")

    agent.refresh_from_db()
    assert (first.number, second.number) == (1, 2)
    assert agent.live_version == second
    assert AgentVersion.objects.get(number=1).prompt == "Be brief."


def test_what_is_not_said_stays_as_it_was(agent):
    services.publish(agent, prompt="Be brief.", voice="ada", temperature=0.7, tools=["end_call"])
    by = User.objects.create_user("odell@example.com")

    version = services.publish(agent, by=by, prompt="Be kind.")

    assert (version.voice, version.temperature, version.tools) == ("ada", 0.7, ["end_call"])
    assert (version.prompt, version.created_by, version.note) == ("Be kind.", by, "")


def test_it_rolls_back_by_publishing_again(agent):
    first = services.publish(agent, prompt="Be brief.")
    services.publish(agent, prompt="Be terrible.")

    again = services.publish(agent, **{name: getattr(first, name) for name in AgentVersion.CONTENT})

    assert (again.number, again.prompt) == (3, "Be brief.")


def test_a_version_refuses_to_be_saved_again(agent):
    version = services.publish(agent, prompt="Be brief.")
    version.prompt = "Be someone else."

    with pytest.raises(VersionIsFinal):
        version.save()


def test_the_database_refuses_to_change_a_version(agent):
    services.publish(agent, prompt="Be brief.")

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        AgentVersion.objects.update(prompt="Be someone else.")


def test_the_database_refuses_to_forget_one_version(agent):
    services.publish(agent, prompt="Be brief.")
    services.publish(agent, prompt="Be kind.")

    @transaction.atomic
    def forget() -> None:
        AgentVersion.objects.filter(number=1).delete()
        connection.check_constraints()  # as a commit does

    with pytest.raises(IntegrityError, match="only when its agent goes"):
        forget()


def test_versions_go_with_their_agent(agent):
    services.publish(agent, prompt="Be brief.")
    services.publish(agent, prompt="Be kind.")

    agent.delete()
    connection.check_constraints()

    assert not AgentVersion.objects.exists()


def test_everything_goes_with_its_workspace(agent):
    services.publish(agent, prompt="Be brief.")

    agent.workspace.delete()
    connection.check_constraints()

    assert not AgentVersion.objects.exists()


def test_who_published_may_be_forgotten(agent):
    by = User.objects.create_user("odell@example.com")
    services.publish(agent, by=by, prompt="Be brief.")

    by.delete()

    assert AgentVersion.objects.get().created_by is None


@pytest.fixture
def published(transactional_db) -> Agent:
    workspace = Workspace.objects.create(name="Larkfield Energy")
    agent = Agent.objects.create(workspace=workspace, name="Juno", topic="Outages")
    Tool.objects.create(
        workspace=workspace, name="outage.lookup", description="Look.", parameters={"a": 1}, url="http://t/"
    )
    services.publish(agent, prompt="Be brief.", tools=["end_call", "outage.lookup", "long.gone"])
    return agent


async def test_it_finds_who_answers(published, dropped_connections):
    running = await services.agent_by_key(published.key)

    assert (running.agent_id, running.workspace_id) == (published.pk, published.workspace_id)
    assert (running.name, running.topic, running.version) == ("Juno", "Outages", 1)
    assert (running.prompt, running.tier, running.language) == ("Be brief.", "fast", "en-US")
    assert running.tools == (BUILT_IN["end_call"], ToolSpec("outage.lookup", "Look.", {"a": 1}))


async def test_it_finds_nobody_at_an_address_that_is_not_ours(published, dropped_connections):
    assert await services.agent_by_key("nobody") is None
    assert await services.agent_by_key("") is None


async def test_nobody_answers_before_the_first_version(transactional_db, dropped_connections):
    workspace = await sync_to_async(Workspace.objects.create)(name="Larkfield Energy")
    agent = await sync_to_async(Agent.objects.create)(workspace=workspace, name="Penn")

    assert await services.agent_by_key(agent.key) is None


async def test_the_old_address_is_nobodys_after_a_rotation(published, dropped_connections):
    old = published.key

    new = await sync_to_async(services.rotate_key)(published)

    assert await services.agent_by_key(old) is None
    assert (await services.agent_by_key(new)).agent_id == published.pk


async def test_two_who_publish_together_make_two_versions(published, dropped_connections):
    publish = database_sync_to_async(services.publish, thread_sensitive=False)

    versions = await asyncio.gather(*[publish(published, prompt=f"Be {n}.") for n in range(4)])

    assert sorted(version.number for version in versions) == [2, 3, 4, 5]
