"""A conversation of the playground goes on from a turn of a call, or of another one."""

from asgiref.sync import sync_to_async

from accounts.models import Workspace
from agents.models import Agent
from calls.models import Call, Turn
from live.playground import chats
from tests.agents.vendors import HELLO, Part, Stop
from tests.live.house import told
from tests.live.playground.made import TOLD, source_of
from tests.live.playground.test_playing import asked, words


def looks_up(month: str) -> list:
    return [Part(f'{{"month": "{month}"}}', id="c1", name="bill__lookup"), Stop("tool_calls")]


async def rows(call_id: str) -> list[tuple]:
    return [
        (turn.n, turn.key, turn.text, turn.start_ms, turn.end_ms)
        async for turn in Turn.objects.filter(call=call_id).order_by("n")
    ]


async def results(play: dict) -> list[str]:
    """What tools answered since it began."""
    taken = play["from"]["turn"]
    tools = Turn.objects.filter(call=play["id"], role="tool", n__gt=taken).order_by("n")
    return [turn.text async for turn in tools]


async def test_turns_are_taken_over_as_they_were_with_all_of_an_answer(player, house, model):
    source = await source_of(house.agent)
    play = await player.begin(1, **{"from": {"call": str(source.pk), "turn": 4}})

    assert play["from"] == {"call": str(source.pk), "turn": 5, "at": "2026-11-20T09:00:00Z"}
    assert play["tools"] == "recorded"
    before = await rows(source.pk)
    assert await rows(play["id"]) == [
        *before[:3],
        (4, "r2.x4", *before[3][2:]),
        (5, "r2.x5", *before[4][2:]),
    ]
    answer = play["messages"][-1]
    assert [part["type"] for part in answer["parts"]] == [
        "text",
        "tool-bill.lookup",
        "tool-bill.lookup",
        "text",
    ]
    assert (answer["metadata"]["firstTokenMs"], answer["metadata"]["model"]) == (210, "sim-fast")

    await player.say(play, "Thank you.")
    assert [role for role, _ in asked(model)] == [
        "system", "assistant", "user", "assistant", "tool", "assistant", "tool", "assistant", "user",
    ]  # fmt: skip
    shown = {part["id"] for part in await told(f"ws:{house.workspace.pk}:call:{play['id']}") if "id" in part}
    assert {"r0", "c0", "r2", "r2.x4", "u1"} <= shown


async def test_of_what_was_spoken_the_agent_knows_what_was_heard(player, house, model):
    source = await source_of(house.agent)
    play = await player.begin(1, **{"from": {"call": str(source.pk)}})

    await player.say(play, "Go on.")

    assert asked(model)[-2:] == [("assistant", "I have"), ("user", "Go on.")]
    assert words(play["messages"])[-1] == ("assistant", "I have refunded one of them.")


async def test_tools_answer_from_the_recording_and_nobody_is_asked(player, house, model, shop):
    source = await source_of(house.agent)
    model.plays["m"] = [looks_up("June"), looks_up("August"), looks_up("July"), list(HELLO)]
    play = await player.begin("draft", **{"from": {"call": str(source.pk), "turn": 2}})

    await player.say(play, "Hello?")

    # The same question's answer, what is left, and nothing any more.
    nothing = "The recording has no answer of bill.lookup to this."
    assert await results(play) == ["No such bill.", '{"due": 40}', nothing]
    assert shop.asked == []


async def test_what_was_used_is_known_from_the_record(player, house, model, shop):
    source = await source_of(house.agent)
    model.plays["m"] = [looks_up("May"), list(HELLO), looks_up("July"), list(HELLO)]
    play = await player.begin(1, **{"from": {"call": str(source.pk), "turn": 2}})

    await player.say(play, "Hello?", "u1")
    await player.say(play, "And now?", "u2")
    assert await results(play) == ['{"due": 40}', "No such bill."]

    # Answered anew, that one is free again.
    model.plays["m"] = [looks_up("July"), list(HELLO)]
    await player.say(play, "And now?", "u2", trigger="regenerate-message")
    assert (await results(play))[-1] == "No such bill."
    assert shop.asked == []


async def test_a_turn_is_said_otherwise_in_a_branch_which_has_the_same_recording(player, house, model, shop):
    source = await source_of(house.agent)
    play = await player.begin(1, **{"from": {"call": str(source.pk), "turn": 1}})
    await player.say(play, "I was charged twice.")
    asked_at = (await Turn.objects.aget(call=play["id"], key="u1")).n

    branch = await player.begin("draft", **{"from": {"call": play["id"], "turn": asked_at - 1}})
    model.plays["m"] = [looks_up("May"), list(HELLO)]
    await player.say(branch, "I was charged three times.")

    assert words(branch["messages"]) == [("assistant", "Larkfield Energy.")]
    assert await results(branch) == ['{"due": 40}']
    assert words((await player.look(play))["messages"])[1] == ("user", "I was charged twice.")

    first = await player.begin(1, **{"from": {"call": play["id"], "turn": 0}})
    assert (first["messages"], first["from"]["turn"], first["tools"]) == ([], 0, "recorded")
    assert shop.asked == []


async def test_what_was_taken_back_is_not_taken_over(player, house, model):
    play = await player.begin(1)
    await player.say(play, "Hello?", "u1")
    await player.say(play, "Hello there?", "u2", messageId="u1")

    branch = await player.begin(1, **{"from": {"call": play["id"]}})

    assert words(branch["messages"])[1:] == [("user", "Hello there?"), ("assistant", "Hello.")]


async def test_a_call_that_goes_on_is_not_disturbed(player, house, model):
    source = await source_of(house.agent, TOLD[:5])  # its tool still runs
    before = await rows(source.pk)

    play = await player.begin(1, **{"from": {"call": str(source.pk)}})
    await player.say(play, "Hello?")

    assert await rows(source.pk) == before
    assert [key for _, key, *_ in await rows(play["id"])][:4] == ["r0", "c0", "r2", "u1"]


async def test_what_makes_no_sense_is_told_by_its_field(player, house):
    source = str((await source_of(house.agent)).pk)

    for body, field in (
        ({"version": 0}, "version"),
        ({"version": "live"}, "version"),
        ({"tools": "none"}, "tools"),
        ({"form": None}, "form"),
        ({"from": {"call": "call_1"}}, "from.call"),
        ({"from": {"call": source, "turn": -1}}, "from.turn"),
        ({"from": {"call": source, "turn": 8}}, "from.turn"),
    ):
        response = await player.beginning(**({"version": 1} | body))
        assert response.status_code == 400, body
        assert all(one["field"].startswith(field) for one in response.json()["error"]["details"]), body
    assert await Call.objects.acount() == 1


async def test_what_belongs_to_others_is_not_there(player, house):
    @sync_to_async
    def elsewhere():
        agent = Agent.objects.create(workspace=Workspace.objects.create(name="Somebody"), name="Nora")
        return agent, chats.begin(agent, chats.draft_of(agent), None)

    agent, play = await elsewhere()
    theirs = await source_of(agent)
    mine = await source_of(house.agent)

    for asking in (
        player.beginning(2),
        player.beginning("draft", agent=agent.pk),
        player.beginning(1, **{"from": {"call": str(theirs.pk), "turn": 1}}),
        player.client.get(f"/api/v1/playground/{mine.pk}"),
        player.client.get(f"/api/v1/playground/{play.call_id}"),
        player.client.get(f"/api/v1/playground/{play.call_id}/verdict"),
        player.beginning(1, **{"from": {"call": str(play.call_id)}}),
    ):
        assert (await asking).status_code == 404
