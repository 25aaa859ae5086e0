"""What is wrong with a JSON Schema as it was typed, each fault with its line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agents import expansion
from agents.arguments import compiled, library

MOST_CHARS = 20_000
MOST_FAULTS = 5
LONGEST = 200  # of one fault, which may quote what was typed
DRAFT = "https://json-schema.org/draft/2020-12/schema"
DRAFTS = (
    DRAFT,
    "https://json-schema.org/draft/2019-09/schema",
    *(f"http://json-schema.org/draft-0{number}/schema" for number in (7, 6, 4)),
)
TYPES = "string, number, integer, boolean, object, array or null"

Path = tuple[str | int, ...]

# Python's words for what is no JSON, in words that say what to do.
_SYNTAX = {
    "Expecting value": "A value is missing here, or it has no quotes.",
    "Expecting property name enclosed in double quotes": "A name in double quotes belongs here, or there "
    "is a comma too many before it.",
    "Illegal trailing comma before end of object": "There is a comma too many.",
    "Illegal trailing comma before end of array": "There is a comma too many.",
    "Expecting ',' delimiter": "A comma, or a closing bracket, is missing before this.",
    "Expecting ':' delimiter": "A colon is missing after the name.",
    "Extra data": "The schema ends before this. Is there a bracket too many?",
    "Unterminated string starting at": "This text has no closing quote.",
    "Invalid control character at": "A text ends on the line that it began on: write \\n for a new one.",
    "Invalid \\escape": "This is no escape: write \\\\ for a backslash.",
}


@dataclass(frozen=True, slots=True)
class SchemaFault:
    line: int  # from 1
    column: int  # from 1
    path: str  # "properties.account_id.type"; empty: the whole, or no JSON at all
    message: str


def faults(text: str) -> list[SchemaFault]:
    """The first few faults of a tool's parameters, in the order of their lines; empty if there are none.
    No text at all is none: the tool takes nothing. Slow the first time: not for an event loop's thread."""
    if not text.strip():
        return []
    if len(text) > MOST_CHARS:
        return [SchemaFault(1, 1, "", f"This is longer than {MOST_CHARS:,} characters.")]
    try:
        schema = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        said = _SYNTAX.get(error.msg, f"This is not JSON: {error.msg}.")
        return [SchemaFault(error.lineno, error.colno, "", said)]
    except (ValueError, RecursionError):
        return [SchemaFault(1, 1, "", "This is not JSON that can be sent.")]
    if not isinstance(schema, dict):
        return [SchemaFault(1, 1, "", 'Give one object: {"type": "object", "properties": {…}}.')]
    places: dict[Path, int] = {}
    found = list(_twice(text, places)) + _wrong(schema)
    told = sorted(
        {(places.get(path, places[()]), path, message) for path, message in found}, key=lambda f: f[0]
    )
    return [_fault(text, *one) for one in told[:MOST_FAULTS]]


def _fault(text: str, at: int, path: Path, message: str) -> SchemaFault:
    message = message if len(message) <= LONGEST else message[: LONGEST - 1] + "…"
    line_begins = text.rfind("\n", 0, at) + 1
    return SchemaFault(text.count("\n", 0, at) + 1, at - line_begins + 1, ".".join(map(str, path)), message)


def _wrong(schema: dict[str, Any]) -> list[tuple[Path, str]]:
    draft = schema.get("$schema", DRAFT)
    known = draft.rstrip("#") if isinstance(draft, str) else draft
    if known not in DRAFTS:
        return [(("$schema",), "Leave this out, or name a draft that json-schema.org has published.")]
    found = [
        _worded(error)
        for error in compiled(json.dumps({"$schema": known, "$ref": known})).iter_errors(schema)
    ]
    if schema and schema.get("type") != "object" and not any(path == ("type",) for path, _ in found):
        where: Path = ("type",) if "type" in schema else ()
        found.append((where, 'A tool takes one object: say "type": "object".'))
    if found:
        return found
    try:
        expansion.parts(schema)
        compiled(json.dumps(schema, sort_keys=True))
    except expansion.Unbounded as error:
        return [(error.path, str(error))]
    except (library().ValidationError, library().ReferencingError, ValueError) as error:
        # A pattern that is none, most often.
        return [(tuple(getattr(error, "instance_path", ())), getattr(error, "message", str(error)))]
    return []


def _worded(error: Any) -> tuple[Path, str]:
    path = tuple(error.instance_path)
    if path and path[-1] == "type" and "properties" not in path[-2:-1]:
        return path, f"This is no type. There are {TYPES}."
    return path, error.message


def _refuse(constant: str) -> None:
    raise ValueError(constant)


# --- Where things are -----------------------------------------------------------------------------------


def _twice(text: str, places: dict[Path, int]) -> Iterator[tuple[Path, str]]:
    """Names that an object has more than once. Fills `places`: path → where its value begins in good JSON."""
    yield from _walk(text, _skip(text, 0), (), places)[1]


def _walk(text: str, at: int, path: Path, places: dict[Path, int]) -> tuple[int, list[tuple[Path, str]]]:
    """Where the value at `at` ends, and what is there twice."""
    places[path] = at
    if text[at] not in "{[":
        return _DECODER.raw_decode(text, at)[1], []
    is_object, number, told = text[at] == "{", 0, []
    names: set[str | int] = set()
    at = _skip(text, at + 1)
    while text[at] not in "}]":
        name: str | int = number
        if is_object:
            name, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)  # the colon
            if name in names:
                told.append(((*path, name), f"{name} is here twice; only one of them would count."))
            names.add(name)
        at, further = _walk(text, at, (*path, name), places)
        told += further
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        number += 1
    return at + 1, told


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


_DECODER = json.JSONDecoder()
