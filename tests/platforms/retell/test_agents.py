"""An agent put on the simulated platform and read back, and what has become of it when others change it."""

from dataclasses import replace

import pytest

from platforms.agents import Account, Ids, Wanted, WantedTool
from platforms.errors import NotThere, PlatformError, Unpublishable
from platforms.retell import agents
from simulator import API_KEY, World
from tests.sdks import retell

OURS = Wanted(
    name="Odell",
    voice="11labs-Anthony",
    language="en-GB",
    speed=1.1,
    webhook_url="https://earshot.example/webhooks/retell/1",
    socket_url="wss://earshot.example/voice/retell/key",
    variables={},
)
LOOKUP = WantedTool(
    name="account.lookup",
    description="Find an account.",
    parameters={"type": "object", "properties": {"postcode": {"type": "string"}}},
    url="https://tools.example/lookup",
    timeout_ms=200,
)
THEIRS = replace(
    OURS,
    socket_url="",
    prompt="You are Vera.",
    first_message="Hello?",
    temperature=0.4,
    variables={"desk": "Billing"},
    tools=[
        LOOKUP,
        WantedTool("end_call", "Hang up.", {}, runs="end_call"),
        WantedTool("transfer_call", "Hand over.", {}, runs="transfer_call"),
    ],
)


@pytest.fixture
async def world():
    async with World(seed=1) as world:
        yield world


@pytest.fixture
def account(world):
    return Account(API_KEY, world.retell_url)


@pytest.fixture
async def sdk(world):
    """Anybody else with the key."""
    async with retell.AsyncRetell(api_key=API_KEY, base_url=world.retell_url, max_retries=0) as client:
        yield client


async def put(account: Account, wanted: Wanted, ids: Ids) -> tuple[Ids, dict]:
    """Its ids there, and our settings."""
    ids = await agents.make(account, ids, agents.settings(wanted, ids))
    settings = agents.settings(wanted, ids)
    await agents.put(account, ids, settings, "Earshot v1")
    return ids, settings


async def change(sdk, agent_id: str, **fields) -> None:
    """As somebody does who works there."""
    live = await sdk.agent.retrieve(agent_id, version="latest_published")
    draft = await sdk.agent.create_version(agent_id, base_version=live.version)
    await sdk.agent.update(agent_id, version=draft.version, **fields)
    await sdk.agent.publish(agent_id, version=draft.version)


@pytest.mark.parametrize("wanted", [OURS, THEIRS], ids=["answered by us", "answered by them"])
async def test_what_is_put_is_what_is_read(account, world, wanted):
    ids, settings = await put(account, wanted, Ids())

    theirs = await agents.read(account, ids)
    assert agents.differing(settings, theirs) == []
    assert set(settings) <= set(theirs)
    assert bool(ids.llm) is (wanted is THEIRS)


@pytest.mark.parametrize("wanted", [OURS, THEIRS], ids=["answered by us", "answered by them"])
async def test_it_is_put_again_as_a_version_that_calls_are_made_with(account, world, wanted):
    ids, _ = await put(account, wanted, Ids())

    again, settings = await put(account, replace(wanted, speed=0.9, prompt=wanted.prompt and "New."), ids)

    assert again == ids
    assert agents.differing(settings, await agents.read(account, ids)) == []
    agent = world.phone.studio.agents[ids.agent]
    assert (agent.version, len(agent.versions), agent.versions[1].base) == (1, 2, 0)


async def test_an_agent_that_is_there_keeps_what_we_do_not_say(account, world, sdk):
    agent = world.phone.register("Odell", "ws://127.0.0.1:9/nobody")
    await change(sdk, agent.id, ambient_sound="call-center")

    await put(account, OURS, Ids(agent.id))

    live = await sdk.agent.retrieve(agent.id, version="latest_published")
    assert (live.ambient_sound, live.voice_id) == ("call-center", "11labs-Anthony")
    assert agent.llm_websocket_url == OURS.socket_url


async def test_what_somebody_changes_there_differs_by_our_name(account, sdk):
    ids, settings = await put(account, OURS, Ids())

    await change(sdk, ids.agent, voice_speed=1.3, agent_name="Odell, testing")
    assert agents.differing(settings, await agents.read(account, ids)) == ["name", "speed"]
    assert agents.differing(settings | {"name": None}, await agents.read(account, ids)) == ["speed"]


async def test_a_draft_of_somebody_there_is_no_change(account, sdk):
    """No call is made with it, and what we put next does not publish it."""
    ids, settings = await put(account, OURS, Ids())
    draft = await sdk.agent.create_version(ids.agent, base_version=0)
    await sdk.agent.update(ids.agent, version=draft.version, voice_speed=2)

    assert agents.differing(settings, await agents.read(account, ids)) == []
    await agents.put(account, ids, settings, "Earshot v2")
    assert agents.differing(settings, await agents.read(account, ids)) == []


async def test_a_changed_prompt_of_a_model_there_differs(account, sdk):
    ids, settings = await put(account, THEIRS, Ids())

    draft = await sdk.agent.create_version(ids.agent, base_version=0)
    version = draft.response_engine.version
    await sdk.llm.update(ids.llm, version=version, general_prompt="Sell!", start_speaker="user")
    await sdk.agent.publish(ids.agent, version=draft.version)

    theirs = await agents.read(account, ids)
    assert agents.differing(settings, theirs) == ["prompt", "first_message"]
    assert (theirs["prompt"], theirs["first_message"]) == ("Sell!", "")


async def test_calls_that_somebody_else_answers_differ_in_that_alone(account, sdk):
    ids, settings = await put(account, THEIRS, Ids())

    await change(
        sdk, ids.agent, response_engine={"type": "custom-llm", "llm_websocket_url": "wss://else.example"}
    )

    theirs = await agents.read(account, ids)
    assert agents.differing(settings, theirs) == ["answered_by"]
    assert theirs["answered_by"] == "wss://else.example"
    again, settings = await put(account, THEIRS, ids)
    assert agents.differing(settings, await agents.read(account, again)) == []


async def test_who_answers_may_be_changed_to_and_fro(account):
    ids, _ = await put(account, THEIRS, Ids())
    ids, _ = await put(account, OURS, ids)

    again, settings = await put(account, THEIRS, ids)

    assert agents.differing(settings, await agents.read(account, again)) == []


async def test_what_is_refused_there_leaves_nothing_behind(account, world):
    ids, settings = await put(account, OURS, Ids())

    with pytest.raises(PlatformError, match="Retell answered 400: voice_id must be the id of a voice"):
        await agents.put(account, ids, settings | {"voice": "nobody"}, "Earshot v2")

    assert set(world.phone.studio.agents[ids.agent].versions) == {0}


async def test_an_agent_that_has_gone_is_said_to_be_gone(account):
    with pytest.raises(NotThere):
        await agents.read(account, Ids("agent_nobody"))


async def test_tools_go_there_by_names_it_takes_and_within_its_bounds():
    tools = agents.settings(THEIRS, Ids())["tools"]

    assert [tool["name"] for tool in tools] == ["account__lookup", "end_call", "transfer_call"]
    assert tools[0]["timeout_ms"] == 1_000
    assert tools[0]["parameters"] == LOOKUP.parameters


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (replace(OURS, voice=""), "Choose a voice first"),
        (replace(OURS, speed=3.0), "a speed of 0.5 to 2, not 3"),
        (replace(THEIRS, tools=[replace(LOOKUP, method="GET")]), "account.lookup is asked by GET"),
    ],
)
async def test_what_it_cannot_be_given_is_refused_in_a_sentence(wanted, why):
    with pytest.raises(Unpublishable, match=why):
        agents.settings(wanted, Ids())


async def test_it_reads_the_voices(account):
    voices = await agents.voices(account)

    assert ("11labs-Anthony", "Anthony", "elevenlabs") in [(one.id, one.name, one.provider) for one in voices]
