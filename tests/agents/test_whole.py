"""What slow work asks of a model, from a thread without an event loop."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from agents.llm import router, whole
from agents.llm.request import Request
from tests.agents.vendors import HELLO, Refuse


@pytest.fixture
def ask_as_a_task(request_of) -> Callable[..., Any]:
    def in_a_thread(request: Request) -> str:
        try:
            return whole.ask(request)
        finally:
            connections.close_all()

    async def ask() -> str:
        return await asyncio.to_thread(in_a_thread, request_of(feature="summary"))

    return ask


async def test_it_leaves_alone_what_others_have_found_sick(vendors, add_model, ask, ask_as_a_task):
    await add_model("a")
    await add_model("b")
    vendors.play("a", Refuse(401, "invalid_api_key"))
    vendors.play("b", *HELLO)
    await ask()
    await router.look()  # and tell

    assert await ask_as_a_task() == "Hello."

    assert len(vendors.asked("a")) == 1
