"""Which version a call runs: the one it began with, whatever is published meanwhile."""

from contextlib import asynccontextmanager

from asgiref.sync import sync_to_async

from agents.drafting import drafts
from agents.services import publish, rotate_key
from calls.models import Call
from tests.agents.vendors import HELLO, Vendors
from tests.live.house import dialled

PROMPT = "You are {{agent_name}} of {{company_name}}. Ask {{desk}} about {{plan}} and {{nothing}}."
DETAILS = {"retell_llm_dynamic_variables": {"plan": "gold {{desk}}", "desk": "Priya"}}


@asynccontextmanager
async def models(house):
    async with Vendors() as vendors:
        house.model.provider.base_url = f"{vendors.url}/v1"
        await house.model.provider.asave()
        vendors.play("sim-fast", *HELLO)
        yield vendors


def system(vendors) -> str:
    return vendors.requests[-1].body["messages"][0]["content"]


@sync_to_async
def publish_anew(house, **fields) -> None:
    """Whoever dials from now on finds it: an address is remembered for some seconds, so it is another one."""
    publish(house.agent, **fields)
    rotate_key(house.agent)


async def version_of(call_id: str) -> int:
    call = await Call.objects.select_related("version").aget(platform_call_id=call_id)
    return call.version.number


async def test_a_call_goes_on_with_the_version_it_began_with(house, address):
    async with models(house) as vendors:
        async with dialled(address, house.agent, "call_1") as peer:
            await peer.answered(0)
            await peer.drop()
        await publish_anew(house, prompt="Be terrible.", first_message="What?")

        async with dialled(address, house.agent, "call_1") as peer:
            await peer.ask(1, ("user", "Hello?"))
            await peer.answered(1)
            assert system(vendors) == "You answer questions about bills."
        async with dialled(address, house.agent, "call_2") as peer:
            assert await peer.answered(0) == "What?"
            await peer.ask(1, ("user", "Hello?"))
            await peer.answered(1)
            assert system(vendors) == "Be terrible."

    assert (await version_of("call_1"), await version_of("call_2")) == (1, 2)


async def test_a_draft_answers_nobody(house, address):
    await sync_to_async(drafts.save)(house.agent, {"first_message": "What?"}, 0, None)

    async with dialled(address, house.agent, "call_1") as peer:
        assert await peer.answered(0) != "What?"

    assert await version_of("call_1") == 1


async def test_names_stand_for_what_the_call_the_version_and_everybody_say(house, address):
    await publish_anew(house, prompt=PROMPT, first_message="{{desk}}", variables={"desk": "Billing"})
    async with models(house) as vendors, dialled(address, house.agent, "call_1") as peer:
        await peer.say({"interaction_type": "call_details", "call": {"call_id": "call_1", **DETAILS}})
        assert await peer.answered(0) == "Priya"
        await peer.ask(1, ("user", "Hello?"))
        await peer.answered(1)

    told = "You are Odell of Larkfield Energy. Ask Priya about gold {{desk}} and {{nothing}}."
    assert system(vendors) == told
