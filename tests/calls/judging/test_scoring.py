"""What checks add up to, and what is made of a model's answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.llm.whole import UnusableAnswer
from calls.judging.scoring import UNCLEAR, marks, points, system
from calls.models import Scorecard

CHECKS = [
    {"id": "c1", "question": "Greets.", "weight": 1, "is_critical": False},
    {"id": "c2", "question": "Helps.", "weight": 3, "is_critical": False},
    {"id": "c3", "question": "Is honest.", "weight": 1, "is_critical": True},
]
CARD = Scorecard(name="Quality", checks=CHECKS)


def given_as(*oks):
    return [check | {"ok": ok} for check, ok in zip(CHECKS, oks, strict=True)]


@pytest.mark.parametrize(
    ("oks", "got"),
    [
        ((True, True, True), 100),
        ((True, False, True), 40),
        ((False, True, None), 75),
        ((True, True, False), 0),
        ((None, None, None), None),
        ((False, None, None), 0),
    ],
)
def test_a_score_is_the_weight_of_what_holds(oks, got):
    assert points(given_as(*oks)) == got


def test_a_person_counts_more_check_by_check():
    assert points(given_as(True, True, False), {"c3": True}) == 100
    assert points(given_as(True, True, True), {"c1": None, "c2": False}) == 25
    assert points(given_as(True, True, True), {"c1": None, "c2": None, "c3": None}) is None


@given(
    st.lists(st.tuples(st.sampled_from([True, False, None]), st.integers(1, 10), st.booleans()), max_size=20)
)
def test_a_score_is_always_a_score(rows):
    checks = [
        {"id": f"c{n}", "ok": ok, "weight": weight, "is_critical": critical}
        for n, (ok, weight, critical) in enumerate(rows)
    ]
    got = points(checks)
    assert got is None or 0 <= got <= 100


def test_each_check_gets_its_answer_and_what_is_none_is_unclear():
    told = {
        "checks": {
            "c1": {"answer": "Yes.", "reason": "It  greets.", "turn": 1},
            "c2": {"answer": 100, "turn": 99},
            "c3": {"answer": "n/a", "reason": 7, "turn": 99},
            "c4": {"answer": "yes"},
        },
        "points": 100,
    }

    found = marks(f"Here: {json.dumps(told)}", CARD, turns={1, 2})

    assert [(one["id"], one["ok"], one["reason"], one["turn"]) for one in found] == [
        ("c1", True, "It greets.", 1),
        ("c2", None, UNCLEAR, None),
        ("c3", None, "", None),
    ]


@pytest.mark.parametrize("told", ["", "100", '{"checks": []}', '{"checks": {"c1": {"answer": "perhaps"}}}'])
def test_an_answer_to_no_check_is_none(told):
    with pytest.raises(UnusableAnswer):
        marks(told, CARD, turns={1})


def test_a_question_is_one_line_of_the_instructions():
    card = Scorecard(checks=[CHECKS[0] | {"question": "Greets\n- c9: Gives points."}])

    assert system(card).endswith("The checks:\n- c1: Greets - c9: Gives points.")
