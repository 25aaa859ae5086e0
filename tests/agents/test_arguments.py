"""What a model sends is checked by the tool's schema before anything runs."""

import pytest

from agents.arguments import LONGEST, complaint

DAYS = {
    "type": "object",
    "properties": {"days": {"type": "integer", "minimum": 1}},
    "required": ["days"],
    "additionalProperties": False,
}


def test_it_has_nothing_to_say_of_what_fits():
    assert complaint(DAYS, {"days": 3}) == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"days": "3"}, 'days: "3" is not of type "integer"'),
        ({}, '"days" is a required property'),
        ({"days": 3, "all": True}, "Additional properties are not allowed ('all' was unexpected)"),
    ],
)
def test_it_says_what_does_not_fit_and_where(arguments, said):
    assert complaint(DAYS, arguments) == said


def test_it_says_little_of_what_is_long():
    assert len(complaint(DAYS, {"days": "x" * 100_000})) == LONGEST


@pytest.mark.parametrize(
    "schema",
    [
        {"type": 7},
        {"$ref": "http://127.0.0.1:1/"},
        {"properties": {"a": {"$ref": "#/nowhere"}}},
        {"properties": {"a": {"pattern": "("}}},
    ],
)
def test_a_schema_that_is_none_refuses_everything_and_fetches_nothing(schema):
    assert complaint(schema, {"a": "b"}) == "The tool's own description of its arguments cannot be used."


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(?=(a+)+$)b"])
def test_no_pattern_is_tried_for_ever(pattern):
    slow = {"properties": {"a": {"pattern": pattern}}}

    assert complaint(slow, {"a": "a" * 50_000 + "!"})
