import pytest

from accounts.models import Workspace
from agents.models import Agent
from agents.services import publish


@pytest.fixture
def workspace(db) -> Workspace:
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def agent(workspace) -> Agent:
    agent = Agent.objects.create(workspace=workspace, name="Odell", topic="Billing")
    publish(agent, prompt="You are {{agent_name}}.\nAsk for {{field}}.", first_message="Hello?")
    return agent
