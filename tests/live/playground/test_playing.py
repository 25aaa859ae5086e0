"""A draft or a version is talked to, from the beginning or from where a call stood."""

from asgiref.sync import sync_to_async

from agents.drafting import drafts
from agents.llm import router
from agents.models import ModelCall
from calls.models import Call


@sync_to_async
def write(house, **changes) -> None:
    drafts.save(house.agent, changes, 0, None)


def asked(model, n: int = -1) -> list[tuple[str, str]]:
    return [(one["role"], one["content"]) for one in model.asked("m")[n].body["messages"]]


async def test_a_draft_is_played_as_it_was_when_it_began(player, house, model):
    await write(house, prompt="You are {{agent_name}}.", first_message="{{agent_name}} here.")
    play = await player.begin()
    await write(house, prompt="You are somebody else.")

    assert (play["label"], play["version"], play["revision"], play["from"]) == ("Draft", None, 2, None)
    assert [(one["role"], one["parts"][0]["text"]) for one in play["messages"]] == [
        ("assistant", "Odell here.")
    ]
    answer = await player.say(play, "Hello?")

    assert answer.text == "Hello."
    assert asked(model) == [("system", "You are Odell."), ("assistant", "Odell here."), ("user", "Hello?")]
    seen = await player.look(play)
    assert [one["role"] for one in seen["messages"]] == ["assistant", "user", "assistant"]
    call = await Call.objects.select_related("version").aget(pk=play["id"])
    assert (call.platform, call.channel, call.version, call.version_label) == (
        "playground",
        "chat",
        None,
        "Draft",
    )
    await router.drain()
    assert (await ModelCall.objects.aget()).feature == "playground"
