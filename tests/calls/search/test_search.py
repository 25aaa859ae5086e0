"""Calls are found by what was said in them."""

import time
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync

from accounts.models import Workspace
from agents.models import Agent
from agents.services import publish
from calls import embeddings
from calls.embeddings import query_for
from calls.models import Call, Point, SearchText
from calls.search import asked, texts, why
from calls.search.found import look_for
from calls.search.fusion import Hit
from tests.calls.made import BEGAN, make_call, said, used


def kept(call: Call) -> Call:
    texts.keep(call)
    embeddings.take_in(call)
    return call


@pytest.fixture
def refund(agent) -> Call:
    return kept(
        make_call(
            agent,
            [
                said("r0", "Larkfield Energy, how can I help?", 0, 900),
                said("c0", "My card was charged two times for one bill.", 1_000, 1_900),
                used("x1", "billing.find_charges", 2_000, 2_100, result='{"zebra": 2}'),
                said("r1", "Will Okonkwo from billing refunds the second one by 12 May.", 3_000, 3_900),
            ],
            summary="The caller was billed twice and got a refund.",
        )
    )


@pytest.fixture
def outage(agent) -> Call:
    return kept(
        make_call(
            agent,
            [
                said("r0", "Larkfield Energy, how can I help?", 0, 900),
                said("c0", "The whole street has been dark since the storm.", 1_000, 1_900),
                said("r1", "Engineers are repairing the line near Holm Bridge.", 3_000, 3_900),
            ],
            started_at=BEGAN + timedelta(hours=1),
            from_number="+441632960018",
        )
    )


@pytest.fixture
def other_agent(db) -> Agent:
    agent = Agent.objects.create(workspace=Workspace.objects.create(name="Fenwick Water"), name="Juno")
    publish(agent, prompt="You answer questions about water.")
    return agent


def search(agent, text: str, *, meaning: bool = True, **narrowed) -> list[Hit]:
    return list(look_for(text, agent.workspace_id, words_alone=not meaning, **narrowed).hits)


def calls(hits: list[Hit]) -> list:
    return [hit.call_id for hit in hits]


@pytest.mark.parametrize(
    "text",
    [
        "charged",
        "charging",  # by its stem
        "card bill",  # in any order
        '"two times"',
        "Okonkwo",
        "Will Okonkwo",  # no stop word where it is a name
        "12 May",
        "twice",  # in the summary
        "bill -storm",
        "engineers refund card bill",  # most of it
        "xylophone refund card bill",  # a word that no call has says nothing
    ],
)
def test_by_its_words(agent, refund, outage, text):
    assert calls(search(agent, text, meaning=False)) == [refund.pk]


@pytest.mark.parametrize(
    "text",
    [
        "zebra",  # a tool's answer was heard by nobody
        '"times two"',
        "bill -card",
        "-card",
        '""',
        "' | !& <-> : * \\",
        "\0",
        "💥",
    ],
)
def test_not_without_them(agent, refund, outage, text):
    assert search(agent, text, meaning=False) == []


def test_by_its_meaning_where_no_word_is_the_same(agent, refund, outage):
    hits = search(agent, "blackout after bad weather")

    assert calls(hits)[0] == outage.pk
    assert hits[0].match == "meaning"


def test_what_has_the_words_is_compared_though_the_index_does_not_find_it(agent, refund, outage):
    Point.objects.all().delete()

    [hit] = search(agent, "charged two times")

    assert (hit.call_id, hit.match) == (refund.pk, "both")
    assert hit.by_meaning.turn_id == refund.turns.get(key="c0").pk


def test_what_both_find_comes_first(agent, refund, outage):
    hits = search(agent, "charged twice")

    assert calls(hits)[0] == refund.pk
    assert hits[0].match == "both"


def test_who_asks_for_a_phrase_gets_nothing_like_it(agent, refund, outage):
    assert calls(search(agent, '"dark since the storm"')) == [outage.pk]
    assert calls(search(agent, '"a blackout"')) == []


def test_a_caller_is_found_by_all_of_the_number(agent, refund, outage):
    assert calls(search(agent, "+44 1632 960018", meaning=False)) == [outage.pk]
    assert calls(search(agent, "1632 960018", meaning=False)) == []


def test_only_among_the_calls_that_are_asked_for(agent, refund, outage):
    later = Call.objects.filter(started_at__gt=BEGAN)

    assert set(calls(search(agent, "Larkfield Energy"))) == {refund.pk, outage.pk}
    assert calls(search(agent, "Larkfield Energy", among=later)) == [outage.pk]


def test_not_in_another_workspace(agent, refund, other_agent):
    assert search(other_agent, "charged") == []
    kept(make_call(other_agent, [said("c0", "I was charged.", 0, 900)], from_number="+441632960018"))

    assert calls(search(agent, "charged")) == [refund.pk]
    assert search(agent, "+441632960018", meaning=False) == []


def test_words_that_are_taken_back_are_not_found_once_it_is_kept_again(agent, refund):
    refund.turns.filter(key="c0").update(text="Never mind.")
    texts.keep(refund)

    assert calls(search(agent, "card", meaning=False)) == []
    assert SearchText.objects.count() == 1


@pytest.mark.parametrize(
    ("language", "spoken", "looked_for"),
    [
        ("de-DE", "Die Rechnungen waren doppelt.", "Rechnung"),
        ("pt-BR", "As faturas chegaram.", "fatura"),
        ("cy", "Mae'r bil yn anghywir.", "anghywir"),
    ],
)
def test_words_are_read_in_the_agents_language(agent, language, spoken, looked_for):
    publish(agent, language=language)
    call = kept(make_call(agent, [said("c0", spoken, 0, 900)]))

    assert calls(search(agent, looked_for, meaning=False)) == [call.pk]


def test_of_many_calls_with_a_common_word_the_newest_are_found(agent, refund, outage, monkeypatch):
    monkeypatch.setattr("calls.search.words.WEIGHED", -1)

    assert calls(search(agent, "Larkfield Energy", meaning=False)) == [outage.pk, refund.pk]


def test_of_a_small_workspace_or_a_few_calls_all_are_compared_however_many_there_are_elsewhere(
    agent, refund, outage, monkeypatch
):
    monkeypatch.setattr(asked, "_kept", (time.monotonic(), asked.Statistics(10**7, {})))

    hits = search(agent, "charged by Larkfield Energy yesterday", meaning=False)

    assert calls(hits) == [refund.pk, outage.pk]
    assert hits[0].by_words > hits[1].by_words


def test_a_word_that_must_not_be_there_and_is_nowhere_changes_nothing(agent, refund, outage):
    assert [(hit.call_id, hit.score) for hit in search(agent, "charged -xylophone", meaning=False)] == [
        (hit.call_id, hit.score) for hit in search(agent, "charged", meaning=False)
    ]


def test_the_turn_that_says_it_is_quoted_and_marked(agent, refund):
    found = look_for("charge card", agent.workspace_id, words_alone=True)
    why = found.shown(found.hits, Call.objects.filter(pk=refund.pk))[1][refund.pk]

    assert why.turn.key == "c0"
    assert why.text == "My card was charged two times for one bill."
    assert [text for text, is_hit in why.pieces if is_hit] == ["card", "charged"]


@pytest.mark.parametrize(("text", "marked"), [("Will", ["Will"]), ("Will billing", ["Will", "billing"])])
def test_a_name_that_says_nothing_as_a_word_is_quoted(agent, refund, text, marked):
    found = look_for(text, agent.workspace_id, words_alone=True)
    why = found.shown(found.hits, Call.objects.filter(pk=refund.pk))[1][refund.pk]

    assert why.turn.key == "r1"
    assert [text for text, is_hit in why.pieces if is_hit] == marked


def test_what_only_means_it_is_quoted_unmarked(agent, outage):
    found = look_for("blackout after bad weather", agent.workspace_id)
    why = found.shown(found.hits, Call.objects.filter(pk=outage.pk))[1][outage.pk]

    assert why.turn.key == "c0"
    assert not any(is_hit for _, is_hit in why.pieces)


def test_the_turns_of_one_call_that_say_it_are_told_in_their_order(agent, refund):
    question = asked.read("charged billing", agent.workspace_id)
    vector = async_to_sync(query_for)("my card was charged", agent.workspace_id)

    moments = why.moments(refund, question, vector)

    assert moments[0].turn.key == "c0"
    assert [moment.turn.n for moment in moments] == sorted(moment.turn.n for moment in moments)
    assert ("charged", True) in moments[0].pieces
    assert why.moments(refund, asked.read("zebra", agent.workspace_id), None) == []  # a tool answered it
