"""What differs between two things an agent may be told."""

from hypothesis import given

from agents.drafting.compare import Change, difference
from agents.drafting.content import of
from tests.agents.drafting.test_merge import TEXTS

BLANK = of(None)


def test_what_is_the_same_is_not_told():
    assert difference(BLANK, dict(BLANK)) == []


def test_values_are_told_as_they_are_and_by_section():
    after = BLANK | {"rules": [{"id": "r1"}], "speed": 1.1, "variables": {"a": "b"}}

    assert difference(BLANK, after) == [
        Change("prompt", "variables", {}, {"a": "b"}),
        Change("voice", "speed", 1.0, 1.1),
        Change("escalation", "rules", [], [{"id": "r1"}]),
    ]


def test_texts_are_told_line_by_line():
    (change,) = difference(BLANK | {"prompt": "a\nb\nc"}, BLANK | {"prompt": "a\nB\nc\nd"})

    assert change.lines == [(" ", "a"), ("-", "b"), ("+", "B"), (" ", "c"), ("+", "d")]


def test_a_text_that_was_not_there_is_all_new():
    (change,) = difference(BLANK, BLANK | {"prompt": "a\n"})

    assert change.lines == [("+", "a"), ("+", "")]


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_from_the_lines(before, after):
    for change in difference(BLANK | {"prompt": before}, BLANK | {"prompt": after}):
        told = {mark: [line for kind, line in change.lines if kind in (mark, " ")] for mark in "-+"}
        assert told == {"-": before.split("\n") if before else [], "+": after.split("\n") if after else []}
