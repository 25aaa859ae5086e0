"""What the played rules say of a conversation."""

import pytest
from asgiref.sync import sync_to_async

from agents.services import publish
from calls.models import Call, Event
from platforms.events import RuleFired
from platforms.models import Connection
from tests.agents.rules.made import rule
from tests.live.playground.made import source_of, write

PERSON = rule("asks_for_person", "person", only={"channel": "phone"}, do={"do": "whisper", "say": "Hush."})
TWICE = rule("phrase", "twice", phrases=["charged twice"], who="caller")
FAILED = rule("tool_failed", "tools", tool="any", times=1)


async def test_rules_of_the_draft_fire_on_the_turn_they_are_about(player, house, model):
    await write(house.agent, rules=[PERSON, TWICE, FAILED, rule("duration", "long", minutes=1)])
    source = await source_of(house.agent)
    play = await player.begin(**{"from": {"call": str(source.pk), "turn": 5}})
    assert [one["turn"] for one in await player.verdict(play)] == [2, 5]

    await player.say(play, "Can I talk to a person?")
    told = await player.verdict(play)

    assert [(one["rule"], one["name"], one["turn"]) for one in told] == [
        ("twice", "Said a phrase", 2),
        ("tools", "A tool failed", 5),
        ("person", "Asked for a person", 6),
    ]
    assert told[0]["sentence"].startswith("When the caller says “charged twice”")


async def test_nothing_is_done_about_it(player, house, model, watch):
    await sync_to_async(publish)(house.agent, rules=[TWICE])
    play = await player.begin(2)
    await player.say(play, "I was charged twice.")

    await watch.look()

    assert len(await player.verdict(play)) == 1
    assert not await Event.objects.filter(kind=RuleFired.__name__).aexists()
    assert (await Call.objects.aget()).alerts == []


async def test_a_version_is_judged_by_its_own_rules_and_by_what_stands(player, house, model):
    await write(house.agent, rules=[TWICE])
    draft, version = await player.begin(), await player.begin(1)
    for play in (draft, version):
        await player.say(play, "I was charged twice.", "u1")
    assert len(await player.verdict(draft)) == 1
    assert await player.verdict(version) == []

    await player.say(draft, "I was charged once.", "u2", messageId="u1")
    assert await player.verdict(draft) == []


@pytest.mark.parametrize(("on_a_line", "fires"), [(True, 1), (False, 0)])
async def test_rules_for_telephones_count_where_the_agent_answers_them(
    player, house, model, on_a_line, fires
):
    await write(house.agent, rules=[PERSON])
    if on_a_line:
        house.agent.connection = await Connection.objects.acreate(
            workspace=house.workspace, platform="retell", name="Main"
        )
        await sync_to_async(house.agent.save)()
    play = await player.begin()

    await player.say(play, "Can I talk to a person?")

    assert len(await player.verdict(play)) == fires
