"""A tool's schema makes no more work than its text suggests."""

import pytest

from agents import expansion
from agents.arguments import complaint
from agents.expansion import MOST_PARTS, Unbounded, parts
from agents.schemas import faults

UNUSABLE = "The tool's own description of its arguments cannot be used."


def doubling(times: int) -> dict:
    steps = {
        f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}, {"$ref": f"#/$defs/a{n + 1}"}]}
        for n in range(times)
    }
    return {"type": "object", "$defs": steps | {f"a{times}": {"type": "object"}}, "$ref": "#/$defs/a0"}


def test_a_reference_counts_as_often_as_it_is_followed():
    assert [parts(doubling(times)) for times in (0, 1, 2)] == [2, 6, 14]


@pytest.mark.parametrize(
    ("schema", "path", "said"),
    [
        (doubling(64), ("$defs",), "more than 1,000 parts"),
        (
            {"$defs": {"tree": {"items": {"$ref": "#/$defs/tree"}}}, "$ref": "#/$defs/tree"},
            ("$defs", "tree", "items"),
            "itself",
        ),
        ({"properties": {"a": {"$ref": "#"}}}, ("properties", "a"), "itself"),
        ({"properties": {"a": {"$dynamicRef": "#a"}}}, ("properties", "a"), "Refer to a place"),
        ({"properties": {"a": {"$ref": "#a"}}}, ("properties", "a"), "References lead"),
        (
            {"properties": {"a": {"$id": "http://b/", "$ref": "#/$defs/x"}}},
            ("properties", "a"),
            "Only the whole",
        ),
        ({"items": [{"type": "string"}] * MOST_PARTS}, (), "more than"),
    ],
)
def test_what_has_no_bound_is_refused_where_it_is(schema, path, said):
    with pytest.raises(Unbounded, match=said) as refused:
        parts(schema)

    assert refused.value.path[: len(path)] == path
    assert complaint(schema, {}) == UNUSABLE


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"id": {"type": "string"}, "definitions": {"type": "string"}}},
        {"$id": "http://b/", "properties": {"a": {"default": {"id": "x", "$ref": "nowhere"}}}},
        {"$defs": {"a/b~c": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/a~1b~0c"}}},
    ],
)
def test_what_only_looks_like_it_is_none_of_our_business(schema):
    assert complaint(schema, {"a": "x"}) == ""


def test_what_is_typed_is_told_before_it_is_kept():
    assert [fault.message for fault in faults('{"type": "object", "properties": {"a": {"$ref": "#"}}}')] == [
        "This leads back to itself."
    ]


def test_as_many_arguments_as_would_take_long_are_not_held_against_it():
    wide = {"properties": {f"p{n}": {"type": "string"} for n in range(500)}}

    assert complaint(wide, {"all": [1] * expansion.MOST_WORK}) == "These are too many to be checked at once."
