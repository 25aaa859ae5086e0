"""An agent, and the simulated platform in a thread of its own: what is tested has no event loop."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from accounts.models import User, Workspace
from agents.models import Agent, PlatformCopy
from agents.services import publish
from platforms.models import Connection
from simulator import API_KEY, World
from tests.people import make_member


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    world = World(seed=1)
    asyncio.run_coroutine_threadsafe(world.__aenter__(), loop).result(20)
    yield world
    asyncio.run_coroutine_threadsafe(world.__aexit__(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@dataclass(frozen=True)
class Elsewhere:
    """Somebody else with the key, at work on the platform."""

    url: str

    def ask(self, method: str, path: str, **json: Any) -> dict:
        headers = {"Authorization": f"Bearer {API_KEY}"}
        answer = httpx.request(method, self.url + path, json=json, headers=headers, timeout=20)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else {}

    def agent(self, agent_id: str) -> dict:
        return self.ask("GET", f"/get-agent/{agent_id}?version=latest_published")

    def llm(self, agent_id: str) -> dict:
        engine = self.agent(agent_id)["response_engine"]
        return self.ask("GET", f"/get-retell-llm/{engine['llm_id']}?version={engine['version']}")

    def change(self, agent_id: str, llm: dict | None = None, **fields: Any) -> None:
        """Set `fields`, and those of its model, as they do there: in a draft that they publish."""
        live = self.agent(agent_id)
        draft = self.ask("POST", f"/create-agent-version/{agent_id}", base_version=live["version"])
        if llm:
            engine = draft["response_engine"]
            path = f"/update-retell-llm/{engine['llm_id']}?version={engine['version']}"
            self.ask("PATCH", path, **llm)
        self.ask("PATCH", f"/update-agent/{agent_id}?version={draft['version']}", **fields)
        self.ask("POST", f"/publish-agent-version/{agent_id}", version=draft["version"])


@pytest.fixture
def elsewhere(world) -> Elsewhere:
    return Elsewhere(world.retell_url)


@pytest.fixture
def workspace(db) -> Workspace:
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def editor(workspace) -> User:
    return make_member(workspace, "admin")


@pytest.fixture
def connection(workspace, world) -> Connection:
    return Connection.objects.create(
        workspace=workspace, platform="retell", name="Main", api_key=API_KEY, base_url=world.retell_url
    )


@pytest.fixture
def agent(workspace, connection) -> Agent:
    """Published, and on no platform yet."""
    agent = Agent.objects.create(workspace=workspace, connection=connection, name="Odell")
    publish(agent, prompt="You are Odell.", voice="11labs-Anthony", language="en-GB", speed=1.0)
    return agent


@pytest.fixture
def hosted(agent) -> Agent:
    """The same, answered by a model of the platform's."""
    agent.hosting = Agent.Hosting.PLATFORM
    agent.save()
    publish(agent, first_message="Hello.", variables={"desk": "Billing"}, tools=["end_call", "transfer_call"])
    return agent


def copy_of(agent: Agent) -> PlatformCopy:
    return PlatformCopy.objects.get(agent=agent)
