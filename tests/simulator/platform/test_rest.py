"""The platform's REST API, through the official SDK."""

import asyncio

import pytest
import pytest_asyncio

from simulator import API_KEY, World
from tests.sdks import retell
from tests.simulator.peer import Peer
from tests.simulator.platform.test_conversation import CHAT


def sdk(world):
    return retell.AsyncRetell(api_key=API_KEY, base_url=world.retell_url, max_retries=0)


@pytest_asyncio.fixture
async def client(world):
    async with sdk(world) as client:
        yield client


async def test_a_finished_call_can_be_read_in_full(world, client):
    async with Peer() as peer:
        call = await world.call(CHAT, peer.url)

    told = await client.call.retrieve(call.id)

    assert told.call_status == "ended"
    assert told.disconnection_reason == "user_hangup"
    assert (
        told.transcript
        == "Agent: Hello.\nUser: Is it open?\nAgent: Of course.\nUser: Thanks, bye.\nAgent: Of course.\n"
    )
    assert [word.word for word in told.transcript_object[1].words] == ["Is", "it", "open?"]
    assert told.transcript_with_tool_calls[2].role == "agent"
    assert told.duration_ms == told.end_timestamp - told.start_timestamp
    assert told.latency.e2e.num == 2
    assert told.call_cost.combined_cost > 0


async def test_the_analysis_comes_a_little_later(world, client):
    async with Peer() as peer:
        call = await world.call("wrong_number", peer.url)

    assert "call_analysis" not in call.full()
    await world.phone.analysed(call.id)
    analysis = (await client.call.retrieve(call.id)).call_analysis
    assert analysis.user_sentiment == "Neutral"
    assert analysis.call_successful is False


async def test_calls_are_listed_newest_first_in_pages(world, client):
    async with Peer() as peer:
        calls = [await world.call(CHAT, peer.url) for _ in range(3)]

    first = await client.call.list(limit=2)
    second = await client.call.list(limit=2, pagination_key=first.pagination_key)

    assert first.has_more
    assert not second.has_more
    assert {item.call_id for item in [*first.items, *second.items]} == {call.id for call in calls}


async def test_lists_can_be_filtered(world, client):
    async with Peer() as peer:
        call = await world.call(CHAT, peer.url)

    async def found(**criteria):
        return [item.call_id for item in (await client.call.list(filter_criteria=criteria)).items]

    start = call.started_at_ms
    assert await found(call_status={"type": "enum", "op": "in", "value": ["ended"]}) == [call.id]
    assert await found(start_timestamp={"type": "number", "op": "gt", "value": start}) == []
    assert await found(start_timestamp={"type": "range", "op": "bt", "value": [start, start]}) == [call.id]
    assert await found(agent=[{"agent_id": call.agent_id}]) == [call.id]
    with pytest.raises(retell.BadRequestError):
        await found(duration_ms={"type": "number", "op": "nonsense", "value": 1})


async def test_a_live_call_can_be_stopped(world, client):

    placed = asyncio.Queue()
    async with Peer() as peer:
        calling = asyncio.create_task(world.call("tariff", peer.url, on_placed=placed.put_nowait))
        call = await placed.get()
        assert (await client.concurrency.retrieve()).current_concurrency == 1
        await client.call.stop(call.id)
        assert (await calling).disconnection_reason == "manual_stopped"


ENGINE = {"type": "custom-llm", "llm_websocket_url": "ws://127.0.0.1:8000/voice/retell/k"}


async def test_an_agent_is_made_changed_and_published(client):
    agent = await client.agent.create(agent_name="Odell", response_engine=ENGINE, voice_id="11labs-Dorothy")
    assert (agent.version, agent.is_published) == (0, False)

    await client.agent.publish(agent.agent_id, version=0)
    draft = await client.agent.create_version(agent.agent_id, base_version=0)
    changed = await client.agent.update(agent.agent_id, agent_name="Odell, Billing")

    assert (draft.version, changed.version, changed.is_published) == (1, 1, False)
    assert (await client.agent.retrieve(agent.agent_id)).agent_name == "Odell, Billing"
    assert (await client.agent.retrieve(agent.agent_id, version="latest_published")).agent_name == "Odell"
    assert agent.agent_id in [item.agent_id for item in (await client.agent.list()).items]
    assert len(await client.voice.list()) >= 3


async def test_what_is_published_never_changes(client):
    agent = await client.agent.create(response_engine=ENGINE, voice_id="11labs-Dorothy")
    await client.agent.publish(agent.agent_id, version=0)

    with pytest.raises(retell.BadRequestError, match="Published versions cannot be changed"):
        await client.agent.update(agent.agent_id, voice_speed=1.2)


async def test_a_model_of_the_platforms_own_has_the_versions_of_its_agent(client):
    llm = await client.llm.create(start_speaker="agent", general_prompt="You are Vera.")
    agent = await client.agent.create(
        response_engine={"type": "retell-llm", "llm_id": llm.llm_id}, voice_id="cartesia-Willa"
    )
    await client.agent.publish(agent.agent_id, version=agent.version)

    draft = await client.agent.create_version(agent.agent_id, base_version=agent.version)
    version = draft.response_engine.version
    await client.llm.update(llm.llm_id, version=version, general_prompt="You are Vera, of Larkfield.")

    assert version == llm.version + 1
    assert (await client.llm.retrieve(llm.llm_id, version=0)).general_prompt == "You are Vera."
    with pytest.raises(retell.BadRequestError, match="Published versions"):
        await client.llm.update(llm.llm_id, version=0, general_prompt="Another.")
    await client.agent.publish(agent.agent_id, version=draft.version)
    assert (await client.llm.retrieve(llm.llm_id)).is_published is True


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"voice_id": "nobody"}, "voice_id"),
        ({"voice_speed": 3}, "voice_speed"),
        ({"language": []}, "language"),
        ({"response_engine": {"type": "custom-llm"}}, "response_engine"),
        ({"webhook_url": 7}, "webhook_url"),
    ],
)
async def test_what_no_agent_can_be_is_refused_by_name(client, fields, wrong):
    with pytest.raises(retell.BadRequestError, match=wrong):
        await client.agent.create(**({"response_engine": ENGINE, "voice_id": "11labs-Dorothy"} | fields))


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"start_speaker": "nobody"}, "start_speaker"),
        ({"default_dynamic_variables": {"a": 1}}, "default_dynamic_variables"),
        ({"model_config": {"temperature": 1.5}}, "model_config"),
        ({"general_tools": [{"type": "custom", "name": "account.lookup", "url": "x"}]}, "general_tools"),
        ({"general_tools": [{"type": "transfer_call", "name": "transfer_call"}]}, "general_tools"),
        ({"general_tools": [{"type": "end_call", "name": "end"}] * 2}, "unique"),
    ],
)
async def test_what_no_model_can_be_is_refused_by_name(client, fields, wrong):
    with pytest.raises(retell.BadRequestError, match=wrong):
        await client.llm.create(start_speaker="agent", extra_body=fields)


async def test_the_platform_remembers_its_agents(tmp_path):
    memory = tmp_path / "platform.json"
    async with World(memory=memory) as world, sdk(world) as client:
        agent = await client.agent.create(response_engine=ENGINE, voice_id="11labs-Dorothy")

    async with World(memory=memory) as world, sdk(world) as client:
        assert (await client.agent.retrieve(agent.agent_id)).voice_id == "11labs-Dorothy"


async def test_errors_are_the_platforms_own(world, client):
    with pytest.raises(retell.UnprocessableEntityError) as unknown:
        await client.call.retrieve("call_nobody")
    assert unknown.value.body["status"] == "error"

    with pytest.raises(retell.BadRequestError):
        await client.agent.create(voice_id="x", response_engine={})

    async with retell.AsyncRetell(api_key="key_wrong", base_url=world.retell_url, max_retries=0) as stranger:
        with pytest.raises(retell.AuthenticationError):
            await stranger.voice.list()
