import pytest

from accounts.models import Workspace
from agents.models import Agent
from agents.services import publish
from platforms.models import Connection
from tests.people import make_member, sign_in


@pytest.fixture
def workspace(db) -> Workspace:
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def connection(workspace) -> Connection:
    return Connection.objects.create(
        workspace=workspace, platform="retell", name="Larkfield at Retell", webhook_secret="key_larkfield"
    )


@pytest.fixture
def agent(connection) -> Agent:
    """The agent of ours that is the platform's in tests/platforms/retell/payloads.py."""
    agent = Agent.objects.create(
        workspace=connection.workspace,
        connection=connection,
        platform_agent_id="agent_5f2c9d0a7b41e83c6d9f0a12ef",
        name="Odell",
        topic="Billing",
    )
    publish(agent, prompt="You answer questions about bills.")
    return agent


@pytest.fixture
def admin(workspace):
    return sign_in(make_member(workspace, "admin"))


@pytest.fixture
def operator(workspace):
    return sign_in(make_member(workspace, "operator"))


@pytest.fixture
def viewer(workspace):
    return sign_in(make_member(workspace, "viewer"))
