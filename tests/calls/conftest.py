import pytest

from accounts.models import Workspace
from agents.models import Agent
from agents.services import publish
from calls.models import Call
from calls.services import Opening
from tests.calls.told import BEGAN
from tests.people import make_member, sign_in


@pytest.fixture
def workspace(db) -> Workspace:
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def agent(workspace) -> Agent:
    agent = Agent.objects.create(workspace=workspace, name="Odell", topic="Billing")
    publish(agent, prompt="You answer questions about bills.")
    return agent


@pytest.fixture
def opening(agent) -> Opening:
    """What the voice socket knows when a call begins."""
    return Opening(
        started_at=BEGAN, level=Call.Level.TOKEN, agent_id=agent.pk, version_id=agent.live_version_id
    )


@pytest.fixture
def operator(workspace):
    return sign_in(make_member(workspace, "operator"))


@pytest.fixture
def viewer(workspace):
    return sign_in(make_member(workspace, "viewer"))
