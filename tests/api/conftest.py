"""A workspace with a little of everything, another one beside it, and programs with their tokens."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import Workspace
from accounts.tokens import create_token
from agents.models import Agent
from agents.services import publish
from calls.models import Call
from calls.services import Opening, record
from platforms.models import Connection
from tests.api.made import make_delivery, make_model_call
from tests.calls.told import BEGAN, BY_THE_PLATFORM, ON_THE_SOCKET
from webhooks.models import Delivery


@dataclass
class Program:
    """Asks with a token, and holds every answer to what all answers have in common."""

    role: str
    token: str
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    def ask(self, path: str, method: str = "GET", **query) -> Any:
        response = self.client.generic(
            method,
            f"/api/v1/{path}",
            query_params=query,
            headers={"authorization": f"Bearer {self.token}"},
        )
        assert response["Content-Type"].startswith("application/json")
        return response

    def get(self, path: str, **query) -> Any:
        """The JSON of an answer that must be 200."""
        response = self.ask(path, **query)
        assert response.status_code == 200, response.content
        return response.json()


@dataclass
class World:
    workspace: Workspace
    agent: Agent
    connection: Connection
    ended: Call
    live: Call
    delivery: Delivery
    elsewhere: Workspace

    def program(self, role: str = "operator", workspace: Workspace | None = None) -> Program:
        _, token = create_token(workspace or self.workspace, role, role, None)
        return Program(role, token)


@pytest.fixture
def world(larkfield, db) -> World:
    cache.clear()
    return deepcopy(larkfield)


@pytest.fixture(scope="module")
def larkfield(for_a_module) -> World:
    workspace = Workspace.objects.create(name="Larkfield Energy")
    connection = Connection.objects.create(
        workspace=workspace,
        platform="retell",
        name="Larkfield line",
        api_key="key_of_the_platform",
        webhook_secret="secret_of_the_webhooks",
    )
    agent = Agent.objects.create(
        workspace=workspace, name="Odell", topic="Billing", connection=connection, key="voice_address_key"
    )
    publish(agent, prompt="You answer questions about bills.", first_message="Hello!", tools=["end_call"])
    opening = Opening(BEGAN, level=Call.Level.TOKEN, agent_id=agent.pk, version_id=agent.live_version_id)
    ended = record(workspace.pk, "retell", "ended", ON_THE_SOCKET, source="socket", opening=opening)
    ended = record(workspace.pk, "retell", "ended", BY_THE_PLATFORM, source="platform", opening=opening)
    live = record(workspace.pk, "retell", "live", ON_THE_SOCKET[:-1], source="socket", opening=opening)
    delivery = make_delivery(connection, call=ended)
    make_model_call(ended)
    return World(
        workspace, agent, connection, ended, live, delivery, Workspace.objects.create(name="Elsewhere")
    )
