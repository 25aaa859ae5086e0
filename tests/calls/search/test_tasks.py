"""What calls were found by and no call has any more is forgotten every night."""

from accounts.models import Workspace
from agents.models import Agent
from agents.services import publish
from calls import embeddings
from calls.models import Call, Point, Word
from calls.search import tasks, texts
from tests.calls.made import make_call, said


def kept(agent: Agent, text: str) -> Call:
    call = make_call(agent, [said("c0", text, 0, 900)])
    texts.keep(call)
    embeddings.take_in(call)
    return call


def test_what_no_call_has_is_forgotten_in_every_workspace(agent):
    other = Agent.objects.create(workspace=Workspace.objects.create(name="Fenwick Water"), name="Juno")
    publish(other, prompt="You answer questions about water.")
    for one in (agent, other):
        gone = kept(one, "The water is brown.")
        kept(one, "The street is dark.")
        gone.delete()

    tasks.forget()

    assert Point.objects.count() == 2
    assert set(Word.objects.values_list("text", flat=True)) == {"street", "dark"}


def test_one_night_has_an_end(agent, monkeypatch):
    other = Workspace.objects.create(name="Fenwick Water")
    for workspace in (agent.workspace, other):
        Point.objects.create(workspace=workspace, model="m", digest="d", vector=[0.1] * 256)
    monkeypatch.setattr(tasks, "ENOUGH_SECONDS", 0.0)

    tasks.forget()
    assert Point.objects.count() == 1
