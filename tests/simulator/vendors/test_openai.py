"""The OpenAI-compatible server, through the official SDK."""

import asyncio
import json
import time

import httpx
import pytest
import pytest_asyncio

from simulator import World
from simulator.stories import STORIES, render
from tests.sdks import openai
from tests.simulator.vendors.waiting import until

REFUND = STORIES["refund"]
FACTS = REFUND.facts(5)
FIRST = [{"role": "user", "content": REFUND.lines[0].says}]
LOOKUP = [
    {
        "type": "function",
        "function": {"name": "account__lookup", "parameters": {"type": "object", "properties": {}}},
    }
]


def client_of(world, **options):
    return openai.AsyncOpenAI(base_url=world.openai_url, api_key="anything", max_retries=0, **options)


@pytest_asyncio.fixture
async def client(world):
    async with client_of(world, timeout=5) as client:
        yield client


def conversation(number):
    """All that was said up to the caller's line of this number."""
    said = []
    for line in REFUND.lines[:number]:
        said.append({"role": "user", "content": render(line.says, FACTS)})
        said.append({"role": "assistant", "content": render(line.answer, FACTS)})
    return [*said, {"role": "user", "content": render(REFUND.lines[number].says, FACTS)}]


async def test_it_streams_the_right_answer_in_pieces(client):
    stream = await client.chat.completions.create(
        model="sim-fast", messages=FIRST, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]

    words = [
        chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content
    ]
    assert len(words) > 10
    assert "".join(words) == REFUND.lines[0].answer
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens > 10
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert len({chunk.id for chunk in chunks}) == 1


async def test_it_calls_a_tool_in_pieces_and_goes_on_with_its_result(client):
    messages = conversation(1)
    stream = await client.chat.completions.create(
        model="sim-standard", messages=messages, tools=LOOKUP, stream=True
    )
    text, arguments, call_id, name, finish = "", [], "", "", ""
    async for chunk in stream:
        text += chunk.choices[0].delta.content or ""
        finish = chunk.choices[0].finish_reason or finish
        for call in chunk.choices[0].delta.tool_calls or []:
            call_id, name = call.id or call_id, call.function.name or name
            arguments.append(call.function.arguments)

    assert (text, name, finish) == (REFUND.lines[1].before, "account__lookup", "tool_calls")
    assert len(arguments) > 3
    assert json.loads("".join(arguments)) == {"account_number": FACTS["account_id"]}

    function = {"name": name, "arguments": "".join(arguments)}
    messages.append(
        {"role": "assistant", "tool_calls": [{"id": call_id, "type": "function", "function": function}]}
    )
    messages.append({"role": "tool", "tool_call_id": call_id, "content": "{}"})
    whole = await client.chat.completions.create(model="sim-standard", messages=messages, tools=LOOKUP)
    assert whole.choices[0].message.content == REFUND.lines[1].answer
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens


async def test_it_answers_whole_with_a_tool_call(client):
    whole = await client.chat.completions.create(model="sim-fast", messages=conversation(1), tools=LOOKUP)

    assert whole.choices[0].finish_reason == "tool_calls"
    assert whole.choices[0].message.tool_calls[0].function.name == "account__lookup"


async def test_it_names_its_models(client):
    assert {model.id async for model in client.models.list()} == {"sim-fast", "sim-standard", "sim-claude"}


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        ("429", "RateLimitError", 429),
        ("quota", "RateLimitError", 429),
        ("500", "InternalServerError", 500),
        ("529", "InternalServerError", 529),
        ("401", "AuthenticationError", 401),
        ("404", "NotFoundError", 404),
        ("context", "BadRequestError", 400),
    ],
)
async def test_it_fails_as_asked(client, fault, error, status):
    with pytest.raises(getattr(openai, error)) as failure:
        await client.chat.completions.create(model=f"sim-fast:{fault}", messages=FIRST, stream=True)

    assert failure.value.status_code == status
    assert failure.value.request_id


async def test_a_request_without_a_key_is_refused(world):
    async with httpx.AsyncClient(trust_env=False, verify=False) as http:
        body = {"model": "sim-fast", "messages": FIRST}
        answer = await http.post(f"{world.openai_url}/chat/completions", json=body)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


async def heard(client, model):
    text, finish = "", None
    stream = await client.chat.completions.create(model=model, messages=FIRST, stream=True)
    async for chunk in stream:
        text += chunk.choices[0].delta.content or ""
        finish = chunk.choices[0].finish_reason or finish
    return text, finish


async def test_a_cut_answer_breaks_in_the_middle(client, world):
    with pytest.raises(openai.APIConnectionError):
        await heard(client, "sim-fast:cut")

    assert world.stats.of("sim-fast").cut == 1


async def test_a_truncated_answer_has_no_end(client):
    text, finish = await heard(client, "sim-fast:truncate")

    assert 0 < len(text) < len(REFUND.lines[0].answer)
    assert finish is None


async def test_an_error_may_come_in_the_middle(client):
    with pytest.raises(openai.APIError) as failure:
        await heard(client, "sim-fast:error")

    assert failure.value.type == "server_error"


async def test_a_hanging_model_is_left_by_its_client(world):
    async with client_of(world, timeout=0.2) as client:
        with pytest.raises(openai.APITimeoutError):
            await heard(client, "sim-fast:hang")

    await until(lambda: world.stats.of("sim-fast").aborted == 1)
    assert world.stats.of("sim-fast").open == 0


async def test_it_notices_at_once_that_the_client_has_gone():
    async with World(token_rate=20) as world, client_of(world) as client:
        stream = await client.chat.completions.create(model="sim-fast", messages=FIRST, stream=True)
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        left = time.monotonic()
        await stream.close()
        await until(lambda: world.stats.of("sim-fast").aborted == 1)

        assert time.monotonic() - left < 0.5
        assert len(world.stats.sent) < 5


async def test_the_token_rate_can_be_set():
    async with World(token_rate=100) as world, client_of(world) as client:
        await heard(client, "sim-standard")
        sent = [token[2] for token in world.stats.sent]

    rate = (len(sent) - 1) / (sent[-1] - sent[0]) * 1e9
    assert 50 < rate < 140


async def test_faults_come_by_chance_and_the_same_for_the_same_seed():
    async def failures(seed):
        async with World(seed=seed, speed=200, faults=0.5) as world, client_of(world) as client:
            found = []
            for _ in range(12):
                try:
                    await heard(client, "sim-fast")
                    found.append("")
                except openai.APIError as error:
                    found.append(type(error).__name__)
            return found

    first, again, other = [await failures(seed) for seed in (3, 3, 4)]
    assert first == again != other
    assert 1 < first.count("") < 12


async def test_stamped_tokens_can_be_followed():
    async with World(speed=50, stamp=True) as world, client_of(world) as client:
        text, _ = await heard(client, "sim-fast")
        sent = list(world.stats.sent)

    assert text == "".join(token[1] for token in sent)
    assert all(f"⟨{number}⟩" in token for number, token, _, _ in sent)
    assert abs(sent[0][2] - time.time_ns()) < 10e9


async def test_many_answers_at_once_do_not_mix(client):
    answers = await asyncio.gather(*(heard(client, "sim-fast") for _ in range(20)))

    assert {text for text, _ in answers} == {REFUND.lines[0].answer}
