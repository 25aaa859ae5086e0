"""A workspace with an agent to chat with, its models played by the test, and somebody who types."""

from collections.abc import AsyncIterator

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from accounts.models import Workspace
from accounts.tokens import create_token
from agents.llm import router, tools
from agents.models import Agent, LanguageModel, Provider, Tool
from agents.services import publish
from base import shared
from config.asgi import application
from live import process
from streaming import hub
from tests.agents.vendors import HELLO, Vendors
from tests.live.chat.typing import Chatter, House, Shop
from tests.live.house import serving


@pytest.fixture
async def model(transactional_db) -> AsyncIterator[Vendors]:
    """Answers "Hello." unless the test says otherwise."""
    async with Vendors() as server:
        server.play("m", *HELLO)
        yield server


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """Where tools are asked."""
    async with Shop() as shop:
        yield shop


@pytest.fixture
async def house(model, shop) -> AsyncIterator[House]:
    def build() -> House:
        workspace = Workspace.objects.create(name="Larkfield Energy", plan="enterprise")
        provider = Provider.objects.create(
            workspace=workspace, name="Main", kind="openai", base_url=f"{model.url}/v1", api_key="sk-test"
        )
        LanguageModel.objects.create(
            workspace=workspace, provider=provider, name="m", tier="fast", price_in=2, price_out=10, retries=0
        )
        Tool.objects.create(workspace=workspace, name="bill.lookup", description="A bill.", url=shop.url)
        agent = Agent.objects.create(workspace=workspace, name="Odell", topic="Billing")
        tools = ["bill.lookup", "end_call", "transfer_call"]
        publish(agent, prompt="You answer questions about bills.", first_message="Hi.", tools=tools)
        _, token = create_token(workspace, "a page", "operator", None)
        return House(workspace, agent, token)

    yield await sync_to_async(build)()
    await hub.current().close()
    await process.close()
    await router.close()
    await tools.close()
    await shared.close()
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def address(house) -> AsyncIterator[str]:
    async with serving(application) as address:
        yield address


@pytest.fixture
async def chatter(house, address) -> AsyncIterator[Chatter]:
    headers = {"authorization": f"Bearer {house.token}"}
    async with httpx.AsyncClient(
        base_url=f"http://{address}", headers=headers, timeout=20, trust_env=False
    ) as client:
        yield Chatter(client, house)
