import gc
import sys
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.apps import apps
from django.db import connections

from accounts.models import Workspace
from agents.llm.clients import ADAPTERS
from agents.llm.events import Failed
from agents.llm.request import Message, Request
from agents.llm.router import stream
from agents.models import LanguageModel, ModelCall, Provider
from config.asgi import application


@pytest.fixture(autouse=True)
def unsettled() -> Iterator[None]:
    yield
    gc.unfreeze()


def make_models() -> Workspace:
    workspace = Workspace.objects.create(name="Larkfield Energy")
    provider = Provider.objects.create(
        workspace=workspace, name="p", kind="openai", base_url="http://127.0.0.1:1/v1"
    )
    LanguageModel.objects.create(workspace=workspace, provider=provider, name="m", tier="fast")
    return workspace


async def test_what_was_recorded_last_is_stored_before_the_process_ends(transactional_db):
    server = ApplicationCommunicator(application, {"type": "lifespan", "asgi": {"version": "3.0"}})
    await server.send_input({"type": "lifespan.startup"})
    assert await server.receive_output(5) == {"type": "lifespan.startup.complete"}
    workspace = await sync_to_async(make_models)()
    asked = Request(workspace.pk, "voice", "Be brief.", [Message("user", "Hello?")])
    assert [type(event) async for event in stream(asked)] == [Failed]

    await server.send_input({"type": "lifespan.shutdown"})

    assert await server.receive_output(5) == {"type": "lifespan.shutdown.complete"}
    assert await ModelCall.objects.acount() == 2
    await server.wait()
    await sync_to_async(connections.close_all)()


async def test_nobody_waits_for_a_vendors_sdk_to_be_imported(transactional_db, monkeypatch):
    await sync_to_async(make_models)()
    monkeypatch.setitem(ADAPTERS, "openai", "tests.agents.lingering")
    sys.modules.pop("tests.agents.lingering", None)
    server = ApplicationCommunicator(application, {"type": "lifespan", "asgi": {"version": "3.0"}})

    await server.send_input({"type": "lifespan.startup"})

    assert await server.receive_output(5) == {"type": "lifespan.startup.complete"}
    assert "tests.agents.lingering" in sys.modules
    await server.send_input({"type": "lifespan.shutdown"})
    await server.receive_output(5)
    await server.wait()
    await sync_to_async(connections.close_all)()


def test_a_process_looks_for_cycles_once_its_rooms_are_loaded_and_not_there():
    gc.unfreeze()
    gc.disable()

    apps.get_app_config("config").ready()

    assert gc.isenabled()
    assert len(gc.get_objects()) < gc.get_freeze_count() / 10


async def test_what_has_been_loaded_is_never_looked_through_for_cycles_again(transactional_db):
    server = ApplicationCommunicator(application, {"type": "lifespan", "asgi": {"version": "3.0"}})

    await server.send_input({"type": "lifespan.startup"})

    assert await server.receive_output(5) == {"type": "lifespan.startup.complete"}
    assert len(gc.get_objects()) < gc.get_freeze_count() / 10
    await server.send_input({"type": "lifespan.shutdown"})
    await server.receive_output(5)
    await server.wait()
