"""A draft or a version is talked to."""

from asgiref.sync import sync_to_async

from accounts.models import Membership
from accounts.tokens import create_token
from agents.llm import router
from agents.models import Agent, ModelCall
from agents.services import publish
from calls import board
from calls.models import Call, Turn
from observability import metrics
from tests.agents.vendors import HELLO, Part, Stop
from tests.live.house import told
from tests.live.playground.made import write
from tests.people import make_member, sign_in

GOODBYE = [Part('{"message": "Goodbye."}', id="c1", name="end_call"), Stop("tool_calls")]


def asked(model, n: int = -1) -> list[tuple[str, str]]:
    return [(one["role"], one["content"]) for one in model.asked("m")[n].body["messages"]]


def words(messages: list[dict]) -> list[tuple[str, str]]:
    return [(one["role"], one["parts"][0]["text"]) for one in messages]


async def test_a_draft_is_played_as_it_was_when_it_began(player, house, model):
    await write(house.agent, prompt="You are {{agent_name}}.", first_message="{{agent_name}} here.")
    play = await player.begin()
    await write(house.agent, prompt="You are somebody else.")

    assert (play["label"], play["version"], play["revision"], play["from"]) == ("Draft", None, 2, None)
    assert words(play["messages"]) == [("assistant", "Odell here.")]
    answer = await player.say(play, "Hello?")

    assert answer.text == "Hello."
    assert asked(model) == [("system", "You are Odell."), ("assistant", "Odell here."), ("user", "Hello?")]
    assert words((await player.look(play))["messages"])[1:] == [("user", "Hello?"), ("assistant", "Hello.")]
    call = await Call.objects.select_related("version").aget(pk=play["id"])
    known = (call.platform, call.channel, call.version, call.version_label)
    assert known == ("playground", "chat", None, "Draft")
    await router.drain()
    assert (await ModelCall.objects.aget()).feature == "playground"
    assert b"earshot_live_calls 0.0" in await sync_to_async(metrics.text)()
    assert [await told(one(house.workspace.pk)) for one in (board.topic, board.facts_topic)] == [[], []]


async def test_a_version_is_played_though_another_is_live_and_the_call_is_stamped(player, house, model, shop):
    await sync_to_async(publish)(house.agent, prompt="You are new.", first_message="")
    model.plays["m"] = [
        [Part('{"month": "May"}', id="c1", name="bill__lookup"), Stop("tool_calls")],
        list(HELLO),
    ]
    play = await player.begin(1, tools="live")

    assert (play["label"], play["version"], play["revision"], play["tools"]) == ("v1", 1, None, "live")
    await player.say(play, "Hello?")

    assert asked(model, 0)[0] == ("system", "You answer questions about bills.")
    assert shop.asked[0]["call"]["call_id"] == play["chat"]
    call = await Call.objects.select_related("version").aget(pk=play["id"])
    assert call.version_label == "v1"
    await router.drain()  # what it has cost is told, too
    kept = (await player.client.get(f"/api/v1/chats/{play['chat']}/messages")).json()
    assert kept["items"] == (await player.look(play))["messages"]
    assert (await player.client.get("/api/v1/chats")).json()["items"] == []


async def test_an_agent_of_which_nothing_is_published_is_played_too(player, house, model):
    agent = await Agent.objects.acreate(workspace=house.workspace, name="Iris")
    await write(agent, prompt="You are new here.")

    play = await player.begin(agent=agent.pk)
    await player.say(play, "Hello?")

    assert play["messages"] == []
    assert asked(model)[0] == ("system", "You are new here.")


async def test_hanging_up_is_words_and_a_tool_that_was_used(player, house, model):
    model.plays["m"] = [GOODBYE]
    play = await player.begin()

    answer = await player.say(play, "That is all.")

    offered = [one["function"]["name"] for one in model.asked("m")[0].body["tools"]]
    assert offered == ["bill__lookup", "end_call", "transfer_call"]
    assert (answer.text, len(model.asked("m"))) == ("Goodbye.", 1)
    tool = await Turn.objects.aget(role="tool")
    assert (tool.tool_name, tool.tool_ok, tool.text) == (
        "end_call",
        True,
        "The call ends once this is spoken.",
    )
    assert (await Call.objects.aget()).status == "live"


async def test_an_answer_given_before_is_not_given_again(player, house, model):
    await Agent.objects.filter(pk=house.agent.pk).aupdate(cache_seconds=600)
    first, second = await player.begin(1), await player.begin(1)

    await player.say(first, "Hello?")
    await player.say(second, "Hello?")

    assert len(model.requests) == 2


async def test_it_costs_no_more_than_a_call_may(player, house, model):
    await Agent.objects.filter(pk=house.agent.pk).aupdate(call_cap_usd="0.000001")
    play = await player.begin(1)

    answer = await player.say(play, "Hello?")

    assert (answer.of("data-error")[0]["data"]["type"], model.requests) == ("budget_exceeded", [])


async def test_only_who_began_it_and_still_may_goes_on_with_it(player, house, model):
    def person():
        user = make_member(house.workspace, "admin")
        browser = sign_in(user)
        begun = browser.post(
            f"/api/v1/agents/{house.agent.pk}/playground", {"version": 1}, content_type="application/json"
        )
        return user, browser, begun.json()

    user, browser, play = await sync_to_async(person)()
    await player.look(play)  # a colleague's may be seen
    assert (await player.refused("Hello?", id=play["chat"])).status_code == 403

    await Membership.objects.filter(user=user).aupdate(role="operator")
    body = player.body("Hello?", id=play["chat"], agentId=...)
    post = sync_to_async(browser.post)
    refused = await post("/api/chat", body, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")

    _, token = await sync_to_async(create_token)(house.workspace, "an operator", "operator", None)
    headers = {"authorization": f"Bearer {token}"}
    own = await player.begin(1)
    refused = await player.client.post(
        "/api/chat", json=player.body(id=own["chat"], agentId=...), headers=headers
    )
    assert (refused.status_code, model.requests) == (403, [])
