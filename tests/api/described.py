"""What the API says of itself, made by the first test that asks: every worker of a run imports every test."""

from functools import cache
from typing import Any

from config.api import api

PAGES = {"api-root", "openapi-json", "openapi-view"}
# Each URL has its operation's name.
OPERATIONS = [url.name for url in api.urls[0] if url.name not in PAGES]


@cache
def description() -> dict[str, Any]:
    return api.get_openapi_schema()


@cache
def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """By name: path, method and what is said of it."""
    return {
        operation["operationId"]: (path, method, operation)
        for path, methods in description()["paths"].items()
        for method, operation in methods.items()
    }
