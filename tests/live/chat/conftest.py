"""A workspace with an agent to chat with, its models played by the test, and somebody who types."""

from collections.abc import AsyncIterator

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from playwright.async_api import async_playwright

from accounts.models import Workspace
from accounts.tokens import create_token
from agents.llm import router, tools
from agents.models import Agent, LanguageModel, Provider, Tool
from agents.services import publish
from base import shared
from config.asgi import application
from live import process
from streaming import hub
from tests import chromium
from tests.agents.vendors import HELLO, Vendors
from tests.live.chat.desk import Desk
from tests.live.chat.typing import Chatter, House, Shop
from tests.live.house import serving
from tests.people import cookie_of, make_member


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
        base_url=f"http://{address}", headers=headers, timeout=20, trust_env=False, verify=False
    ) as client:
        yield Chatter(client, house)


@pytest.fixture
async def desk(house, address) -> AsyncIterator[Desk]:
    def operator() -> tuple[bytes, bytes]:
        return cookie_of(make_member(house.workspace, "operator"))

    name, _, value = (await sync_to_async(operator)())[1].decode().partition("=")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium.options())
        context = await browser.new_context(viewport={"width": 1200, "height": 700})
        context.set_default_timeout(20_000)
        await context.add_cookies([{"name": name, "value": value, "url": f"http://{address}"}])
        # What could be asked next has a test of its own; here it would take the plays of answers.
        await context.route("**/suggestions", lambda route: route.fulfill(json={"items": []}))
        desk = Desk(context, f"http://{address}")
        yield desk
        broke = [await page.evaluate("[window.broke, window.ran]") for page in context.pages]
        await browser.close()
    assert desk.complaints == []
    assert broke == [[[], None]] * len(broke)
