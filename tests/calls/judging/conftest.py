import asyncio
import json
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.db import connections
from django.utils import timezone

from agents.models import LanguageModel, Provider
from calls.models import Call
from tests.agents.conftest import dropped_connections as dropped_connections
from tests.agents.vendors import Counts, Say, Stop, Vendors
from tests.calls.conftest import agent as agent
from tests.calls.conftest import workspace as workspace
from tests.calls.made import A_SHORT_CALL, make_call

LONG_AGO = timezone.now() - timedelta(hours=1)


def make_over(agent, **fields) -> Call:
    """A call that is over and waits to be read."""
    return make_call(agent, A_SHORT_CALL, **({"closed_at": LONG_AGO} | fields))


@pytest.fixture
async def vendors(transactional_db, dropped_connections):
    async with Vendors() as server:
        yield server


@pytest.fixture
async def over(vendors, workspace, agent) -> Call:
    """Such a call, and a model to ask about it."""

    def make() -> Call:
        cache.clear()
        provider = Provider.objects.create(
            workspace=workspace, name="Vendor", kind="openai", base_url=f"{vendors.url}/v1", api_key="sk"
        )
        LanguageModel.objects.create(
            workspace=workspace, provider=provider, name="a", tier="fast", price_in=2, price_out=10, retries=0
        )
        return make_over(agent)

    return await sync_to_async(make)()


def answers(vendors, told) -> None:
    """What the model says next."""
    vendors.play(
        "a", Say(told if isinstance(told, str) else json.dumps(told)), Stop(), Counts(fresh=300, out=40)
    )


async def worker(job, *arguments, **named):
    """A worker's thread, which has no event loop and leaves no connection behind."""

    def work():
        try:
            return job(*arguments, **named)
        finally:
            connections.close_all()

    return await asyncio.to_thread(work)
