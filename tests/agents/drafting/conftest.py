"""An agent with a version, and two people who write its next one."""

import pytest

from accounts.models import User, Workspace
from agents import services
from agents.models import Agent
from tests.people import make_member

PROMPT = "You are Odell.\n\n# Tone\nBe brief.\n\n# Rules\nNever guess."


@pytest.fixture
def workspace(db) -> Workspace:
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def agent(workspace) -> Agent:
    agent = Agent.objects.create(workspace=workspace, name="Odell", topic="Billing")
    services.publish(agent, prompt=PROMPT, voice="wren", tools=["end_call"])
    return agent


@pytest.fixture
def maya(workspace) -> User:
    return make_member(workspace, "admin", "maya@larkfield.example")


@pytest.fixture
def jon(workspace) -> User:
    return make_member(workspace, "admin", "jon@larkfield.example")
