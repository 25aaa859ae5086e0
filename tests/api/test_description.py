"""The API's description, and the page that shows it."""

import re
from enum import Enum
from typing import get_args

import pytest
from django.test import Client
from ninja import Schema
from pydantic import BaseModel

from base.api import Shown
from config.api import api
from config.env import BASE_DIR
from tests.api.described import OPERATIONS, description, operations

# Whose shapes are ours.
ROOMS = {"accounts", "agents", "base", "calls", "live", "observability", "platforms", "webhooks"}
NAMES_OTHERS = {"create_reviews"}  # rows that may be gone, in what it is sent
EVERY_OPERATION = pytest.mark.parametrize("name", OPERATIONS)


@EVERY_OPERATION
def test_an_operation_says_what_it_is(name):
    *_, operation = operations()[name]

    assert re.fullmatch("[a-z_]+", operation["operationId"])
    assert operation["summary"]
    assert operation["description"]
    assert len(operation["tags"]) == 1
    assert operation["tags"][0] in {tag["name"] for tag in description()["tags"]}
    assert operation["security"] == [{"Token": []}, {"Session": []}]


@EVERY_OPERATION
def test_every_answer_has_a_shape(name):
    path, _, operation = operations()[name]
    answers = operation["responses"]

    assert {401, 403} <= set(answers)
    assert (404 in answers) == ("{" in path or name in NAMES_OTHERS)
    for status, answer in answers.items():
        for content in answer["content"].values():
            if content["schema"] == {"type": "string", "format": "binary"}:
                continue  # a file
            assert content["schema"]["$ref"].startswith("#/components/schemas/")
            assert content["schema"]["$ref"].endswith("/Refusal") == (status >= 400)


@EVERY_OPERATION
def test_what_is_asked_is_described_as_openapi_has_it(name):
    *_, operation = operations()[name]

    for parameter in operation["parameters"]:
        assert "examples" not in parameter  # of a parameter they are a map, and ninja would write a list
        assert parameter["schema"].get("type") or parameter["schema"].get("enum")


def test_every_operation_is_described_and_no_two_have_one_name():
    described = sum(len(methods) for methods in description()["paths"].values())

    assert set(OPERATIONS) == set(operations())
    assert len(OPERATIONS) == len(operations()) == described


def test_anybody_may_read_it(db):
    response = Client().get("/api/v1/openapi.json")

    assert response.json()["info"]["title"] == "Earshot API"
    assert set(response.json()["paths"]) == set(description()["paths"])


def test_its_page_takes_everything_from_us(db):
    html = Client().get("/api/v1/docs").content.decode()

    assert set(re.findall(r'(?:src|href)="(/static/[^/]+/)[^"]+"', html))
    assert not re.search(r'(?:src|href)="(?!/static/)', html)
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)
    assert "style=" not in html


def test_the_docs_have_a_line_for_every_path():
    lines = re.findall(
        r"^\| `(GET|POST|PUT|PATCH|DELETE) (/\S+)` \|", (BASE_DIR / "docs/api.md").read_text(), re.MULTILINE
    )

    described = {(method.upper(), path.removeprefix("/api/v1")) for path, method, _ in operations().values()}
    assert set(lines) == described
    assert len(lines) == len(described)


@EVERY_OPERATION
def test_the_docs_name_every_filter(name):
    path, method, operation = operations()[name]
    docs = (BASE_DIR / "docs/api.md").read_text()
    line = next(
        line
        for line in docs.splitlines()
        if line.startswith(f"| `{method.upper()} {path.removeprefix('/api/v1')}` |")
    )
    filters = {
        parameter["name"]
        for parameter in operation["parameters"]
        if parameter["in"] == "query" and parameter["name"] not in ("limit", "cursor")
    }

    assert [name for name in sorted(filters) if f"`{name}`" not in line] == []


def shapes(of=BaseModel):
    for shape in of.__subclasses__():
        yield shape
        yield from shapes(shape)


def choices(annotation):
    """Enumerations in an annotation, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        yield annotation
    for part in get_args(annotation):
        yield from choices(part)


def test_no_two_shapes_have_one_name():
    """The description has one place for a name: the second would stand for both, unnoticed."""
    ours = {shape for shape in shapes() if shape.__module__.partition(".")[0] in ROOMS}
    assert {Schema, Shown} <= {one for shape in ours for one in shape.__mro__}  # both of the API's kinds
    enums = {
        one for shape in ours for field in shape.model_fields.values() for one in choices(field.annotation)
    }
    told: dict[str, set] = {}
    for shape in ours:
        told.setdefault(shape.__name__, set()).add(tuple(shape.model_fields))
    for one in enums:
        told.setdefault(one.__name__, set()).add(tuple(one.__members__))

    assert len(ours) > 100
    assert [name for name, different in told.items() if len(different) > 1] == []


def test_it_is_made_once():
    """Whoever asks for it again and again costs no more than its bytes."""
    assert api.get_openapi_schema() is api.get_openapi_schema(path_params={})
    assert api.get_openapi_schema(path_prefix="/elsewhere/")["paths"].keys() != description()["paths"].keys()
