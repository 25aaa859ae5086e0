"""The Anthropic-compatible server, through the official SDK."""

import json

import httpx
import pytest
import pytest_asyncio

from simulator import World
from simulator.stories import STORIES, render
from tests.sdks import anthropic
from tests.simulator.vendors.waiting import until

REFUND = STORIES["refund"]
FACTS = REFUND.facts(5)
FIRST = [{"role": "user", "content": REFUND.lines[0].says}]
SECOND = [
    *FIRST,
    {"role": "assistant", "content": REFUND.lines[0].answer},
    {"role": "user", "content": render(REFUND.lines[1].says, FACTS)},
]
LOOKUP = [{"name": "account__lookup", "input_schema": {"type": "object", "properties": {}}}]


def client_of(world, **options):
    return anthropic.AsyncAnthropic(
        base_url=world.anthropic_url, api_key="anything", max_retries=0, **options
    )


@pytest_asyncio.fixture
async def client(world):
    async with client_of(world, timeout=5) as client:
        yield client


async def test_it_streams_the_right_answer(client):
    async with client.messages.stream(model="sim-claude", messages=FIRST, max_tokens=300) as stream:
        pieces = [text async for text in stream.text_stream]
        message = await stream.get_final_message()

    assert len(pieces) > 10
    assert "".join(pieces) == REFUND.lines[0].answer
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens > 10
    assert message.usage.input_tokens > 5


async def test_it_uses_a_tool_and_goes_on_with_its_result(client):
    async with client.messages.stream(
        model="sim-claude", messages=SECOND, max_tokens=300, tools=LOOKUP, system="You are Odell."
    ) as stream:
        partial = [event.partial_json async for event in stream if event.type == "input_json"]
        message = await stream.get_final_message()

    text, use = message.content
    assert text.text == REFUND.lines[1].before
    assert (use.name, use.input) == ("account__lookup", {"account_number": FACTS["account_id"]})
    assert json.loads("".join(partial)) == use.input
    assert message.stop_reason == "tool_use"

    result = {"type": "tool_result", "tool_use_id": use.id, "content": "{}"}
    whole = await client.messages.create(
        model="sim-claude",
        max_tokens=300,
        tools=LOOKUP,
        messages=[
            *SECOND,
            {
                "role": "assistant",
                "content": [block.model_dump(exclude_none=True) for block in message.content],
            },
            {"role": "user", "content": [result]},
        ],
    )
    assert whole.content[0].text == REFUND.lines[1].answer


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        ("429", "RateLimitError", 429),
        ("529", "InternalServerError", 529),
        ("500", "InternalServerError", 500),
        ("401", "AuthenticationError", 401),
        ("quota", "APIStatusError", 402),
        ("context", "BadRequestError", 400),
    ],
)
async def test_it_fails_as_asked(client, fault, error, status):
    with pytest.raises(getattr(anthropic, error)) as failure:
        await client.messages.create(model=f"sim-claude:{fault}", messages=FIRST, max_tokens=10, stream=True)

    assert failure.value.status_code == status
    assert failure.value.request_id


async def test_an_error_may_come_in_the_middle(client):
    with pytest.raises(anthropic.APIStatusError) as failure:
        async with client.messages.stream(model="sim-claude:error", messages=FIRST, max_tokens=300) as stream:
            await stream.get_final_message()

    assert failure.value.type == "overloaded_error"


async def test_either_header_proves_the_key(world):
    body = {"model": "sim-claude", "messages": FIRST, "max_tokens": 10}
    url = f"{world.anthropic_url}/v1/messages"
    async with httpx.AsyncClient(trust_env=False, verify=False) as http:
        assert (await http.post(url, json=body, headers={"x-api-key": "k"})).status_code == 200
        assert (await http.post(url, json=body, headers={"authorization": "Bearer k"})).status_code == 200
        assert (await http.post(url, json=body)).status_code == 401
        assert (await http.post(url, content=b"{", headers={"x-api-key": "k"})).status_code == 400


async def test_it_notices_at_once_that_the_client_has_gone():
    async with World(token_rate=20) as world, client_of(world) as client:
        async with client.messages.stream(model="sim-claude", messages=FIRST, max_tokens=300) as stream:
            async for _ in stream.text_stream:
                break
        await until(lambda: world.stats.of("sim-claude").aborted == 1, seconds=0.5)


async def test_a_long_prompt_is_partly_cached(client):
    whole = await client.messages.create(
        model="sim-claude", messages=FIRST, max_tokens=300, system="Be kind. " * 1000
    )

    assert whole.usage.cache_read_input_tokens > 1024
