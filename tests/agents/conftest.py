"""A workspace, its models at scripted vendors, and a way to ask them."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from accounts.models import Workspace
from agents.llm import router
from agents.llm.budget import Budgets
from agents.llm.counters import Counters
from agents.llm.events import Event
from agents.llm.request import Message, Request
from agents.models import Budget, LanguageModel, ModelCall, Provider
from base.shared import Shared
from tests.agents.vendors import Vendors

PATHS = {"openai": "/v1", "anthropic": ""}


@pytest.fixture
async def dropped_connections() -> AsyncIterator[None]:
    """The thread that serves the async ORM keeps a connection, and the database could not be dropped."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def vendors(transactional_db, dropped_connections) -> AsyncIterator[Vendors]:
    async with Vendors() as server:
        yield server
        await router.close()  # while there is still a database


@pytest.fixture
def workspace(transactional_db) -> Workspace:
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def add_model(workspace, vendors) -> Callable[..., Any]:
    """`await add_model("a", kind="openai", …)` is a model called a; the first added is asked first."""

    def add(name: str, *, kind: str = "openai", url: str | None = None, **fields: Any) -> LanguageModel:
        base_url = (vendors.url if url is None else url) + PATHS[kind]
        provider, _ = Provider.objects.get_or_create(
            workspace=workspace,
            name=f"{kind} {url or ''}".strip(),
            defaults={"kind": kind, "base_url": base_url, "api_key": "sk-test"},
        )
        defaults = {"tier": "fast", "rank": LanguageModel.objects.count(), "price_in": 2, "price_out": 10}
        defaults["retries"] = 0  # so that what is asked is what a test says
        return LanguageModel.objects.create(
            workspace=workspace, provider=provider, name=name, **(defaults | fields)
        )

    return sync_to_async(add)


@pytest.fixture
def request_of(workspace) -> Callable[..., Request]:
    def make(**fields: Any) -> Request:
        defaults = {
            "workspace_id": workspace.pk,
            "feature": "voice",
            "system": "You are Juno.",
            "messages": [Message("user", "Is the power out?")],
            "trace_id": "0" * 32,
        }
        return Request(**(defaults | fields))

    return make


@pytest.fixture
def ask(request_of) -> Callable[..., Any]:
    async def ask(**fields: Any) -> list[Event]:
        async with aclosing(router.stream(request_of(**fields))) as answer:
            return [event async for event in answer]

    return ask


@pytest.fixture
def recorded(workspace) -> Callable[..., Any]:
    """`await recorded()`: every attempt, in the order they were made."""

    async def rows() -> list[ModelCall]:
        await router.drain()
        return [row async for row in ModelCall.objects.for_workspace(workspace).order_by("attempt", "id")]

    return rows


@pytest.fixture
async def process(transactional_db, dropped_connections) -> AsyncIterator[Callable[..., Budgets]]:
    """`process()` is what another process of ours knows of budgets."""
    made: list[tuple[Budgets, Shared]] = []

    def make(kind: type[Shared] = Shared, **redis: Any) -> Budgets:
        shared = kind(**({"seconds": 30.0} | redis))
        made.append((Budgets(Counters(shared, count_seconds=30.0)), shared))
        return made[-1][0]

    yield make
    for budgets, redis in made:
        await budgets.counters.drain(0.2)
        await redis.close()


@pytest.fixture
def budget(workspace) -> Callable[..., Any]:
    def add(**fields: Any) -> Budget:
        return Budget.objects.create(**({"workspace": workspace, "period": "day"} | fields))

    return sync_to_async(add)


@pytest.fixture
def spend(workspace) -> Callable[..., Any]:
    """`await spend("0.25")` is written down as spent."""

    def add(usd: str, **fields: Any) -> ModelCall:
        fields = {"feature": "voice", "provider": "p", "model": "m"} | fields
        return ModelCall.objects.create(workspace=workspace, cost_usd=Decimal(usd), **fields)

    return sync_to_async(add)
