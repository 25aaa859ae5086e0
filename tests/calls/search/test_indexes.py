"""What is looked for is looked up: PostgreSQL follows the indexes."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls import embeddings
from calls.models import Call, SearchText, Word
from calls.search import asked, meaning, spelling, texts, words
from calls.search.among import Among
from tests.calls.made import BEGAN, make_call, said

OTHERS = 300  # calls and words, so that an index is worth its while


@pytest.fixture
def call(agent) -> Call:
    call = make_call(agent, [said("c0", "The whole street has been dark since the storm.", 0, 900)])
    texts.keep(call)
    embeddings.take_in(call)
    return call


@pytest.fixture
def others(agent, call) -> None:
    of = {"workspace": agent.workspace, "platform": "retell", "started_at": BEGAN, "ended_at": BEGAN}
    calls = Call.objects.bulk_create(Call(platform_call_id=f"other_{n}", **of) for n in range(OTHERS))
    SearchText.objects.bulk_create(
        SearchText(workspace=agent.workspace, call=one, started_at=BEGAN, config="english", words=f"'w{n}':1")
        for n, one in enumerate(calls)
    )
    Word.objects.bulk_create(
        Word(workspace=agent.workspace, text=f"{n:x}".translate(LETTERS), sound=str(n)) for n in range(OTHERS)
    )
    with connection.cursor() as cursor:
        # What tests before have rolled back is still in the indexes, and would count as work to be done.
        cursor.execute("REINDEX TABLE calls_searchtext")
        cursor.execute("REINDEX TABLE calls_word")
        cursor.execute("ANALYZE calls_searchtext, calls_word")


LETTERS = str.maketrans("0123456789abcdef", "bcdfghjklmnpqrvw")


def plans(ask: Callable[[], object], *without: str) -> list[str]:
    """Of each query with which something is asked for; `without` what else PostgreSQL might do."""
    with connection.cursor() as cursor:
        for way in without:
            cursor.execute(f"SET LOCAL enable_{way} = off")
        with CaptureQueriesContext(connection) as context:
            ask()
        told = []
        for query in context.captured_queries:
            if "calls_" in query["sql"] and query["sql"].lstrip().startswith(("SELECT", "WITH")):
                cursor.execute(f"EXPLAIN {query['sql']}")
                told.append("\n".join(line for (line,) in cursor.fetchall()))
    return told


def test_words_are_found_by_their_index(agent, others):
    question = asked.read("street storm", agent.workspace_id)

    *_, plan = plans(lambda: words.by_words(agent.workspace_id, question), "seqscan")
    assert "words_of_calls" in plan


def test_nobody_runs_ahead_for_the_newest_of_many_calls_with_common_words(agent, call, monkeypatch):
    monkeypatch.setattr("calls.search.words.WEIGHED", -1)
    monkeypatch.setattr("calls.search.among.FEW", 0)
    question = asked.read("street storm", agent.workspace_id)
    among = Among.of(Call.objects.for_workspace(agent.workspace_id))

    assert [one.call_id for one in words.by_words(agent.workspace_id, question, among)] == [call.pk]
    with connection.cursor() as cursor:
        cursor.execute("SHOW max_parallel_workers_per_gather")
        assert cursor.fetchone() == ("0",)


def test_meaning_is_found_by_its_index_which_looks_on_for_what_fits(agent, call):
    ask = lambda among=None: meaning.around(agent.workspace_id, [0.1] * 256, among)  # noqa: E731
    [plan] = plans(ask, "seqscan", "bitmapscan", "sort")
    assert "nearest_points" in plan
    assert "who_said_it" in plan
    with connection.cursor() as cursor:
        cursor.execute("SHOW hnsw.iterative_scan")
        assert cursor.fetchone() == ("relaxed_order",)

    *_, plan = plans(lambda: ask(Among.of(Call.objects.for_workspace(agent.workspace_id))))
    assert "calls_embedding" in plan  # of so few calls all texts are compared
    assert "nearest_points" not in plan


def test_of_many_calls_the_index_is_asked(agent, call, monkeypatch):
    monkeypatch.setattr("calls.search.among.FEW", 0)
    some, vector = Call.objects.for_workspace(agent.workspace_id), call.embeddings.get().vector
    none = Among.of(some.exclude(pk=call.pk))
    some = Among.of(some)

    assert [one.call_id for one in meaning.around(agent.workspace_id, vector, some)] == [call.pk]
    assert meaning.around(agent.workspace_id, vector, none) == []
    *_, plan = plans(
        lambda: meaning.around(agent.workspace_id, vector, some), "seqscan", "bitmapscan", "sort"
    )
    assert "nearest_points" in plan
    assert "who_said_it" in plan


def test_spelling_is_looked_up(agent, others):
    [near, *_] = plans(lambda: spelling.corrected(agent.workspace_id, ["streeet"], ["english"]), "seqscan")

    assert "words_that_sound_alike" in near
    assert "Seq Scan" not in near
