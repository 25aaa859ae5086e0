"""An agent whose models a test plays, and a way to have its tests run as a worker does."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from agents.models import Agent, AgentTestRun
from agents.services import publish
from agents.testing import tasks
from tests.agents.conftest import add_model as add_model
from tests.agents.conftest import dropped_connections as dropped_connections
from tests.agents.conftest import vendors as vendors
from tests.agents.conftest import workspace as workspace
from tests.agents.testing.made import make_run


@pytest.fixture
def agent(workspace) -> Agent:
    agent = Agent.objects.create(workspace=workspace, name="Odell", topic="Billing")
    publish(agent, prompt="You are {{agent_name}} of {{company_name}}.", tools=["end_call"])
    return agent


@pytest.fixture
def run(agent) -> Callable[..., Any]:
    """`await run(*tests)`: a run of them over the live version, as it is when it is over."""

    async def run(*tests: Any) -> AgentTestRun:
        started = await sync_to_async(make_run)(agent, *tests)
        await worked()
        return await AgentTestRun.objects.aget(pk=started.pk)

    return run


async def worked() -> None:
    """A worker has done what there was to do."""
    await asyncio.to_thread(_work)


def _work() -> None:
    try:
        tasks.play()
    finally:
        connections.close_all()
