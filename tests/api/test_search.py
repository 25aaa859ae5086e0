"""The API finds calls by what was said in them, for those who may see words."""

import pytest

from calls import embeddings
from calls.models import Call
from calls.search import texts
from tests.api.test_refusals import error
from tests.calls.made import A_SHORT_CALL, make_call


@pytest.fixture
def charged(world) -> Call:
    call = make_call(world.agent, A_SHORT_CALL)
    texts.keep(call)
    embeddings.take_in(call)
    return call


def test_a_hit_says_which_call_and_where_in_it(world, charged):
    found = world.program().get("search", q="charged twice")

    [hit] = [hit for hit in found["items"] if hit["call"]["id"] == str(charged.pk)]
    assert hit["turn"] == {"n": 2, "role": "caller", "at_ms": 3_000}
    assert hit["snippet"] == "I was charged <b>twice</b>."
    assert [piece["text"] for piece in hit["pieces"] if piece["hit"]] == ["charged", "twice"]
    assert (hit["match"], found["meaning"], found["next"]) == ("both", True, None)


def test_filters_are_those_of_the_list(world, charged):
    program = world.program()

    assert program.get("search", q="charged", status="ended")["items"]
    assert not program.get("search", q="charged", status="live")["items"]
    assert not program.get("search", q="charged", platform="vapi")["items"]
    assert not program.get("search", q="charged", version="99")["items"]


def test_by_words_alone_if_that_is_asked(world, charged):
    found = world.program().get("search", q="charged", by="words")

    assert [hit["match"] for hit in found["items"]] == ["words"]
    assert not found["meaning"]


def test_what_cannot_be_asked_is_said(world):
    program = world.program()

    assert error(program.ask("search"), 400)["details"][0]["field"] == "q"
    assert error(program.ask("search", q="x" * 301), 400)["details"][0]["field"] == "q"
    assert error(program.ask("search", q="x", cursor="y"), 400)["details"][0]["field"] == "cursor"
    error(world.program("viewer").ask("search", q="x"), 403)


@pytest.mark.parametrize(("query", "most"), [("charged twice", 16), ("chargde twice", 18)])
def test_a_search_asks_the_database_little(world, charged, query, most, django_assert_max_num_queries):
    for _ in range(12):
        call = make_call(world.agent, A_SHORT_CALL)
        texts.keep(call)
        embeddings.take_in(call)
    program = world.program()
    program.get("search", q=query)

    with django_assert_max_num_queries(most):
        assert len(program.get("search", q=query)["items"]) >= 12
