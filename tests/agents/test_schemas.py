"""Faults of a schema as it is typed: each points at its line, and says why."""

import json

import pytest

from agents import schemas
from agents.schemas import faults

GOOD = """{
  "type": "object",
  "properties": {
    "account_id": {
      "type": "string",
      "pattern": "^[0-9]+$"
    }
  },
  "required": ["account_id"]
}"""


def told(text: str) -> list[tuple[int, str]]:
    return [(fault.line, fault.path) for fault in faults(text)]


@pytest.mark.parametrize(
    "text", [GOOD, "", "  \n", "{}", '{"$ref": "#/$defs/a", "type": "object", "$defs": {"a": {}}}']
)
def test_what_is_right_has_none(text):
    assert faults(text) == []


@pytest.mark.parametrize("draft", [*schemas.DRAFTS, "http://json-schema.org/draft-07/schema#"])
def test_every_draft_is_known_without_asking_anybody(draft):
    assert faults(json.dumps({"$schema": draft, "type": "object"})) == []
    assert told(json.dumps({"$schema": draft, "type": "objekt"}, indent=1)) == [(3, "type")]


@pytest.mark.parametrize(
    ("before", "after", "line", "column", "said"),
    [
        ('"object",', '"object"', 3, 3, "A comma, or a closing bracket, is missing before this."),
        ('$"\n    }', '$",\n    }', 7, 5, "a comma too many before it"),
        ('"type": "string"', '"type" "string"', 5, 14, "A colon is missing after the name."),
        ('"string"', "string", 5, 15, "A value is missing here, or it has no quotes."),
        ('["account_id"]\n}', '["account_id"]\n}}', 10, 2, "Is there a bracket too many?"),
        ('"^[0-9]+$"', '"^\\d+$"', 6, 20, "write \\\\ for a backslash"),
        ('"object"', "NaN", 1, 1, "not JSON that can be sent"),
    ],
)
def test_what_is_no_json_is_said_with_its_line_and_column(before, after, line, column, said):
    [fault] = faults(GOOD.replace(before, after, 1))

    assert (fault.line, fault.column, fault.path) == (line, column, "")
    assert said in fault.message


@pytest.mark.parametrize(
    ("before", "after", "line", "path", "said"),
    [
        ('"string"', '"strin"', 5, "properties.account_id.type", "This is no type. There are string, "),
        ('"string"', "7", 5, "properties.account_id.type", "This is no type."),
        ('"^[0-9]+$"', "7", 6, "properties.account_id.pattern", '7 is not of type "string"'),
        ('"^[0-9]+$"', '"("', 6, "properties.account_id.pattern", '"(" is not a "regex"'),
        ('["account_id"]', '"account_id"', 9, "required", 'is not of type "array"'),
        ('"type": "object",', '"type": "array",', 2, "type", 'say "type": "object"'),
        ('  "type": "object",\n', "", 1, "", 'say "type": "object"'),
        (
            '"pattern": "^[0-9]+$"',
            '"$ref": "#/$defs/id"',
            6,
            "properties.account_id.$ref",
            "Nothing is there.",
        ),
        (
            '"pattern": "^[0-9]+$"',
            '"$ref": "http://10.0.0.1/"',
            6,
            "properties.account_id.$ref",
            "References lead to a place in this schema",
        ),
        ('"type": "object"', '"$schema": "http://10.0.0.1/"', 2, "$schema", "Leave this out"),
        ('"pattern": "^[0-9]+$"', '"type": "string"', 6, "properties.account_id.type", "here twice"),
    ],
)
def test_what_is_no_schema_is_said_with_its_line_and_path(before, after, line, path, said):
    [fault] = faults(GOOD.replace(before, after, 1))

    assert (fault.line, fault.path) == (line, path)
    assert said in fault.message


def test_all_of_several_are_told_by_line():
    text = GOOD.replace('"string"', "1").replace('"^[0-9]+$"', "2").replace('["account_id"]', "3")
    assert [line for line, _ in told(text)] == [5, 6, 9]


def test_the_column_is_that_of_the_value():
    assert faults('{"type": "object",\n "required": 5}')[0].column == 14


@pytest.mark.parametrize(
    "text", ["[]", "7", '"x"', "null", "[" * 5_000, '{"a":' * 5_000, " " * 9 + "x" * 30_000]
)
def test_anything_may_be_typed(text):
    assert len(faults(text)) == 1


def test_what_it_quotes_has_an_end():
    [fault] = faults(json.dumps({"type": "object", "minProperties": "x" * 9_000}))
    assert len(fault.message) == schemas.LONGEST
