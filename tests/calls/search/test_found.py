"""Words, meaning and why, each asked by a thread of its own, are what one thread would find."""

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction

from agents.llm import router
from agents.models import ModelCall
from calls import embeddings
from calls.models import Call
from calls.search import texts
from calls.search.found import look_for
from tests.agents.conftest import dropped_connections as dropped_connections
from tests.calls.made import make_call, said
from tests.calls.vendor import vendor as vendor

SAID = ["My card was charged twice.", "I was billed two times.", "The street has been dark since the storm."]


@pytest.fixture
def calls(agent) -> list[Call]:
    calls = [make_call(agent, [said("c0", text, 0, 900)]) for text in SAID]
    for call in calls:
        texts.keep(call)
        embeddings.take_in(call)
    return calls


def told(text: str, calls: list[Call], **narrowed) -> list[tuple]:
    """What is found, why, and how."""
    result = look_for(text, calls[0].workspace_id, **narrowed)
    shown, why = result.shown(result.hits, Call.objects.all())
    return [(hit, shown[hit.call_id].pk, why[hit.call_id].pieces) for hit in result.hits]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("text", ["charged", "charged twice", "a bill too many", "strom", '"charged twice"'])
def test_it_is_what_one_thread_finds(calls, text):
    some = Call.objects.filter(pk__in=[call.pk for call in calls[1:]])
    several = [told(text, calls, **narrowed) for narrowed in ({}, {"words_alone": True}, {"among": some})]
    with transaction.atomic():  # where nothing is given away
        one = [told(text, calls, **narrowed) for narrowed in ({}, {"words_alone": True}, {"among": some})]

    assert several == one
    assert several[0]


async def test_what_a_server_pays_for_it_is_written_down(
    transactional_db, dropped_connections, agent, vendor
):
    result = await sync_to_async(look_for)("charged twice", agent.workspace_id)
    await router.close()

    assert result.by_meaning
    assert (await ModelCall.objects.aget()).feature == "embedding"


@pytest.mark.django_db(transaction=True)
def test_what_a_task_pays_for_it_is_written_down(agent, vendor):
    assert look_for("charged twice", agent.workspace_id).by_meaning
    assert ModelCall.objects.get().feature == "embedding"
