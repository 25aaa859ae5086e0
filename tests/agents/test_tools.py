"""What happens when a model wants something done."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from accounts.models import Workspace
from agents.llm import tools
from agents.models import Tool
from agents.registry import ToolContext


class Service:
    """Answers every POST the way it is told to; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict]] = []
        self.answer = b"{}"
        self.status = "200 OK"
        self.headers = ""
        self.hung_up = asyncio.Event()
        self.silent = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        self.asked.append((head.split()[1], json.loads(await reader.readexactly(length))))
        if self.silent:
            await reader.read()
            self.hung_up.set()
        else:
            start = f"HTTP/1.1 {self.status}\r\ncontent-length: {len(self.answer)}\r\n{self.headers}\r\n"
            writer.write(start.encode() + self.answer)
        writer.close()


@pytest.fixture
async def service(transactional_db, dropped_connections) -> AsyncIterator[Service]:
    service = Service()
    async with await asyncio.start_server(service.serve, "127.0.0.1", 0) as server:
        service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/lookup"
        yield service
        await tools.close()


@pytest.fixture
def workspace(transactional_db) -> Workspace:
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def lookup(workspace, service):
    """`await lookup(id=7)`: the result of the tool `account.lookup`."""

    async def run(arguments=None, *, timeout_ms=2_000, url=None, parameters=None, **given):
        await sync_to_async(Tool.objects.create)(
            workspace=workspace,
            name="account.lookup",
            url=url or service.url,
            timeout_ms=timeout_ms,
            parameters=parameters or {},
        )
        context = ToolContext(workspace.pk, platform_call_id="c1")
        return await tools.run(context, "account.lookup", arguments or given)

    return run


async def test_it_asks_the_service_and_gives_its_answer(lookup, service):
    service.answer = b'{"balance": "12.40"}'

    result = await lookup(id=7)

    assert (result.ok, result.text) == (True, '{"balance": "12.40"}')
    assert service.asked == [
        ("/lookup", {"name": "account.lookup", "args": {"id": 7}, "call": {"call_id": "c1"}})
    ]


@pytest.mark.parametrize("status", ["404 Not Found", "500 No", "302 Found"])
async def test_it_fails_on_any_other_answer_and_follows_none(status, lookup, service):
    service.status, service.headers = status, f"location: {service.url}\r\n"
    service.answer = b"secret of the service"

    result = await lookup(id=7)

    assert (result.ok, result.text) == (False, f"The tool answered with status {status[:3]}.")
    assert len(service.asked) == 1


async def test_it_does_not_wait_longer_than_the_tool_may_take(lookup, service):
    service.silent = True

    result = await lookup(id=7, timeout_ms=200)

    assert (result.ok, result.text) == (False, "The tool did not answer within 0.2 s.")
    assert 200 <= result.duration_ms < 1_500
    async with asyncio.timeout(1):
        await service.hung_up.wait()


async def test_it_keeps_no_more_than_a_model_can_take_in(lookup, service):
    service.answer = b"x" * 200_000

    result = await lookup(id=7)

    assert result.ok
    assert len(result.text) == tools.MAX_CHARS
    assert result.text.endswith("x…")


async def test_it_keeps_text_that_a_database_can_keep(lookup, service):
    service.answer = b"caf\xc3\xa9\x00 \xff"

    assert (await lookup(id=7)).text == "café� �"


@pytest.mark.parametrize("arguments", [None, ["id", 7], "7"])
async def test_it_asks_nobody_with_arguments_that_are_no_object(arguments, workspace, service):
    result = await tools.run(ToolContext(workspace.pk), "account.lookup", arguments)

    assert (result.ok, result.text) == (False, "The arguments were not a JSON object.")
    assert service.asked == []


async def test_it_asks_nobody_with_arguments_that_do_not_fit(lookup, service):
    schema = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}

    result = await lookup(id="seven", parameters=schema)

    assert (result.ok, result.text) == (
        False,
        'The arguments do not fit: id: "seven" is not of type "integer"',
    )
    assert service.asked == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[", "nowhere"])
async def test_a_service_that_cannot_be_reached_is_a_result_too(url, lookup):
    result = await lookup(id=7, url=url)

    assert (result.ok, result.text) == (False, "The tool could not be reached.")


async def test_a_tool_of_another_workspace_does_not_exist(lookup):
    assert (await lookup(id=7)).ok

    result = await tools.run(ToolContext(uuid4()), "account.lookup", {})

    assert (result.ok, result.text) == (False, "There is no tool called account.lookup.")


async def test_a_name_that_a_model_made_up_is_not_logged(workspace, service, caplog):
    for arguments in ({}, None):
        result = await tools.run(ToolContext(workspace.pk), "Margaret.Hale", arguments)
        assert not result.ok

    assert "tool (unknown) failed" in caplog.text
    assert "Margaret" not in caplog.text
