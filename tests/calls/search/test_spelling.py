"""Misspelt words are looked for by the words they were likely meant to be, too."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts.models import Workspace
from agents.models import Agent
from agents.services import publish
from calls import embeddings
from calls.models import Call, Embedding, SearchText, Word
from calls.personal import seeing
from calls.search import asked, spelling, texts
from calls.search.found import look_for
from tests.calls.made import make_call, said


def kept(call: Call) -> Call:
    texts.keep(call)
    embeddings.take_in(call)
    return call


@pytest.fixture
def outage(agent) -> Call:
    line = "There is an outage near the cemetery, and Okonkwo has no electricity until 12 May."
    return kept(make_call(agent, [said("c0", line, 0, 900)]))


@pytest.mark.parametrize("gone", ["words", "call"])
def test_what_is_removed_while_it_is_read_is_not_kept(agent, gone):
    """By whoever read it before that: a name would stay known of somebody who was forgotten."""
    call = make_call(agent, [said("c0", "Okonkwo has no electricity.", 0, 900)])
    if gone == "words":
        Call.objects.update(words_removed_at=call.started_at)
    else:
        Call.objects.filter(pk=call.pk).delete()

    kept(call)

    for model in (SearchText, Word, Embedding):
        assert not model.objects.exists()


def test_no_word_is_told_to_somebody_from_whom_words_are_hidden(agent, outage):
    """It may be just what is: a name, or a part of an address."""
    with seeing.through(lambda: seeing.Mask(("cards",))):
        assert asked.read("okonkvo please", agent.workspace_id).corrected == {"okonkvo": "okonkwo"}
    with seeing.through(lambda: seeing.Mask(("cards", "names"))):
        assert asked.read("okonkvo please", agent.workspace_id).corrected == {}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("outtage", "outage"),  # a letter too many
        ("electrisity", "electricity"),
        ("ouatge", "outage"),  # changed about
        ("sematary", "cemetery"),  # as it sounds
        ("okonkvo", "okonkwo"),
    ],
)
def test_a_misspelt_word_finds_what_was_meant_and_says_so(agent, outage, typed, meant):
    found = look_for(f"{typed} please", agent.workspace_id, words_alone=True)

    assert found.question.corrected == {typed: meant}
    assert [hit.call_id for hit in found.hits] == [outage.pk]
    _, why = found.shown(found.hits, Call.objects.filter(pk=outage.pk))
    assert meant in [text.lower() for text, is_hit in why[outage.pk].pieces if is_hit]


@pytest.mark.parametrize(
    "typed",
    [
        "outage",  # it was said
        "outages",  # the same word
        "Okonkvo",  # a name is written as it is
        "13",
        '"outtage"',
        "-outtage",
        "hotel",  # another word
        "nearer",
    ],
)
def test_what_was_said_or_is_a_name_or_another_word_stays_as_it_is(agent, outage, typed):
    assert asked.read(typed, agent.workspace_id).corrected == {}


def test_no_word_of_another_workspace_is_told(agent, outage):
    other = Agent.objects.create(workspace=Workspace.objects.create(name="Fenwick Water"), name="Juno")
    publish(other, prompt="You answer questions about water.")
    kept(make_call(other, [said("c0", "The water is brown.", 0, 900)]))

    assert asked.read("outtage", other.workspace_id).corrected == {}
    assert asked.read("watter", agent.workspace_id).corrected == {}


def test_a_word_that_no_call_has_any_more_is_not_told_and_can_be_forgotten(agent, outage):
    outage.turns.update(text="There is an event near the cemetery.")
    texts.keep(outage)

    assert asked.read("outtage", agent.workspace_id).corrected == {}
    assert spelling.forget(agent.workspace_id, ["outage", "cemetery"]) == 1
    assert spelling.forget(agent.workspace_id) > 0
    left = set(Word.objects.values_list("text", flat=True))
    assert "cemetery" in left
    assert not left & {"outage", "okonkwo", "electricity"}


@pytest.mark.django_db(transaction=True)
def test_a_word_that_is_said_again_while_it_is_forgotten_is_not_lost(agent, outage):
    outage.turns.update(text="There is nothing near the cemetery.")
    texts.keep(outage)
    again = make_call(agent, [said("c0", "Another outage.", 0, 900)])
    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            texts.keep(again)  # which finds the word known
            forgotten = other.submit(forget_on_its_own, agent.workspace_id, ["outage", "electricity"])
            until(lambda: forgotten.done() or somebody_waits())
        assert forgotten.result(10) == 1

    assert set(Word.objects.filter(text__in=["outage", "electricity"]).values_list("text", flat=True)) == {
        "outage"
    }


def forget_on_its_own(workspace_id, words) -> int:
    try:
        return spelling.forget(workspace_id, words)
    finally:
        connection.close()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return cursor.rowcount > 0


def until(it_is_so, most_s: float = 10.0) -> None:
    end = time.monotonic() + most_s
    while not it_is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("outage", "outage", 0),
        ("outtage", "outage", 1),
        ("ouatge", "outage", 1),
        ("cat", "dog", 3),
        ("", "ab", 2),
    ],
)
def test_edits_are_counted(one, other, count):
    assert spelling.edits(one, other) == spelling.edits(other, one) == count


def test_calls_are_read_again_by_command(agent, outage, capsys):
    call_command("reembed")
    assert capsys.readouterr().out.startswith("0 calls read")

    before = Embedding.objects.get().pk
    call_command("reembed", agent=agent.name, workspace=str(agent.workspace_id), anew=True)
    assert capsys.readouterr().out.startswith("1 calls read, 1 texts placed")
    assert Embedding.objects.get().pk != before

    with pytest.raises(CommandError, match="no such --agent"):
        call_command("reembed", agent="Nobody")
