"""The API's description, and the page that shows it."""

import re

import pytest
from django.test import Client

from config.api import api
from config.env import BASE_DIR

DESCRIBED = api.get_openapi_schema()
OPERATIONS = [
    pytest.param(path, method, operation, id=operation["operationId"])
    for path, methods in DESCRIBED["paths"].items()
    for method, operation in methods.items()
]
EVERY_OPERATION = pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)


@EVERY_OPERATION
def test_an_operation_says_what_it_is(path, method, operation):
    assert re.fullmatch("[a-z_]+", operation["operationId"])
    assert operation["summary"]
    assert operation["description"]
    assert len(operation["tags"]) == 1
    assert operation["tags"][0] in {tag["name"] for tag in DESCRIBED["tags"]}
    assert operation["security"] == [{"Token": []}, {"Session": []}]


@EVERY_OPERATION
def test_every_answer_has_a_shape(path, method, operation):
    answers = operation["responses"]

    assert {401, 403} <= set(answers)
    assert (404 in answers) == ("{" in path)
    for status, answer in answers.items():
        (content,) = answer["content"].values()
        assert content["schema"]["$ref"].startswith("#/components/schemas/")
        assert content["schema"]["$ref"].endswith("/Refusal") == (status >= 400)


@EVERY_OPERATION
def test_what_is_asked_is_described_as_openapi_has_it(path, method, operation):
    for parameter in operation["parameters"]:
        assert "examples" not in parameter  # of a parameter they are a map, and ninja would write a list
        assert parameter["schema"].get("type") or parameter["schema"].get("enum")


def test_no_two_operations_have_one_name():
    names = [operation.values[2]["operationId"] for operation in OPERATIONS]

    assert len(names) == len(set(names))


def test_anybody_may_read_it(db):
    response = Client().get("/api/v1/openapi.json")

    assert response.json()["info"]["title"] == "Earshot API"
    assert set(response.json()["paths"]) == set(DESCRIBED["paths"])


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

    described = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in DESCRIBED["paths"].items()
        for method in methods
    }
    assert set(lines) == described
    assert len(lines) == len(described)


@EVERY_OPERATION
def test_the_docs_name_every_filter(path, method, operation):
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
