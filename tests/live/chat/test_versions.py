"""Which version a chat is with, and which models answer in it."""

from asgiref.sync import sync_to_async
from django.utils import timezone

from agents.models import LanguageModel
from agents.services import publish
from calls.models import Call
from calls.services import Opening, record
from platforms.events import CallStarted
from tests.agents.vendors import HELLO


@sync_to_async
def begun(house) -> None:
    """A chat that nobody has answered in yet."""
    now = timezone.now()
    opening = Opening(
        started_at=now,
        channel=Call.Channel.CHAT,
        level=Call.Level.TOKEN,
        agent_id=house.agent.pk,
        version_id=house.agent.live_version_id,
    )
    record(house.workspace.pk, "chat", "chat-1", [CallStarted(at=now)], source="socket", opening=opening)


def asked(model) -> tuple[str, str]:
    body = model.requests[-1].body
    return body["model"], body["messages"][0]["content"]


async def test_a_chat_goes_on_with_the_version_it_began_with(chatter, house, model):
    await begun(house)
    await sync_to_async(publish)(house.agent, prompt="You are {{agent_name}}.")

    await chatter.ask("Hello?")
    assert asked(model) == ("m", "You answer questions about bills.")
    await chatter.ask("Hello?", id="chat-2")
    assert asked(model) == ("m", "You are Odell.")

    chats = Call.objects.order_by("id").values_list("version__number", flat=True)
    assert [number async for number in chats] == [1, 2]


async def test_an_agents_chain_is_who_answers_unless_the_client_says_otherwise(chatter, house, model):
    known = await LanguageModel.objects.aget()
    fields = {"workspace_id": house.workspace.pk, "provider_id": known.provider_id}
    chosen = await LanguageModel.objects.acreate(**fields, name="premium", tier="premium")
    model.play("premium", *HELLO)
    await sync_to_async(publish)(house.agent, chain=[str(chosen.pk), str(known.pk)])

    planned = await chatter.ask("Hello?")
    assert asked(model)[0] == planned.response.headers["X-Model-Name"] == "premium"
    assert planned.response.headers["X-Fallback-Chain"] == "m"
    await chatter.ask("Hello?", id="chat-2", tier="fast")
    assert asked(model)[0] == "m"
