"""`{{name}}` in what an agent is told."""

from hypothesis import given
from hypothesis import strategies as st

from agents.variables import AGENT, COMPANY, LONGEST_VALUE, asks_for, fill, places, standing

NAMES = st.sampled_from(["a", "b", "c"])
PIECES = st.lists(st.one_of(NAMES.map("{{{{{}}}}}".format), st.sampled_from(["x", " ", "{", "}", "{{"])))


def test_what_is_known_is_put_in_and_what_is_not_stays_as_it_is():
    known = {"name": "Dana {{plan}}", "plan": "gold", "deep": {"no": 1}, "amount": 12.5}

    filled = fill("Hi {{name}}, {{ plan }}, {{amount}}, {{deep}}, {{who}}.", known)

    assert filled == "Hi Dana {{plan}}, gold, 12.5, {{deep}}, {{who}}."


@given(st.text(), PIECES.map("".join))
def test_a_value_smuggles_nothing_in(before, value):
    assert fill("- {{a}} -", {"a": value, "b": before}) == f"- {value[:LONGEST_VALUE]} -"


@given(PIECES.map("".join))
def test_a_text_is_filled_once_whatever_it_is(text):
    assert fill(text, {}) == text
    assert asks_for(text) == bool(places(text)) == (fill(text, dict.fromkeys("abc", "")) != text)


def test_a_long_value_is_cut():
    assert len(fill("{{a}}", {"a": "x" * 5_000})) == LONGEST_VALUE


def test_it_knows_what_a_text_asks_for():
    assert asks_for("Hi {{name}}")
    assert not asks_for("Hi {name}")
    assert asks_for("{{memory}}", "memory")
    assert not asks_for("{{name}}", "memory")
    assert places("a\n{{b}} {{c}}\n{{b}}") == {"b": 2, "c": 2}


def test_everybody_knows_the_names_of_the_company_and_the_agent():
    assert standing("Larkfield", "Odell", {}) == {COMPANY: "Larkfield", AGENT: "Odell"}
    assert standing("Larkfield", "Odell", {COMPANY: "us"})[COMPANY] == "us"
