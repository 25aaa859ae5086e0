"""The address of a tool, in which `{order_id}` stands for an argument: in its path or its query."""

import json
import re
from typing import Any
from urllib.parse import quote, urlencode

PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.-]*)\}")


class Unfilled(Exception):
    """The address cannot be made of these arguments. Says why, in words for the model."""


def places(url: str) -> list[str]:
    """The arguments that it needs, in their order."""
    return list(dict.fromkeys(PLACE.findall(url)))


def filled(url: str, arguments: dict[str, Any]) -> str:
    """The address with every place filled, percent-encoded: an argument never becomes another folder, nor
    another parameter. A parameter whose argument is not there is left out. Raises Unfilled."""
    path, mark, query = url.partition("?")
    path = "/".join(_segment(part, arguments) for part in path.split("/"))
    kept = [_fill(part, arguments) for part in query.split("&") if _is_given(part, arguments)]
    return path + mark + "&".join(kept) if kept else path


def with_query(url: str, arguments: dict[str, Any]) -> str:
    """The address with further parameters. A list of plain values is one parameter many times."""
    given = {name: _values(value) for name, value in arguments.items() if value is not None}
    query = urlencode(given, doseq=True, quote_via=quote, safe="")
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


def _segment(part: str, arguments: dict[str, Any]) -> str:
    for name in PLACE.findall(part):
        if arguments.get(name) in (None, ""):
            raise Unfilled(f"The tool's address needs {name}.")
    whole = _fill(part, arguments)
    if whole != part and whole in (".", ".."):  # would be another folder
        raise Unfilled(f"The tool's address does not take {whole} for {', '.join(places(part))}.")
    return whole


def _fill(part: str, arguments: dict[str, Any]) -> str:
    return PLACE.sub(lambda place: quote(_plain(arguments[place[1]]), safe=""), part)


def _is_given(part: str, arguments: dict[str, Any]) -> bool:
    return all(arguments.get(name) is not None for name in PLACE.findall(part))


def _values(value: Any) -> list[str]:
    is_many = isinstance(value, list) and not any(isinstance(one, list | dict) for one in value)
    return [_plain(one) for one in value] if is_many else [_plain(value)]


def _plain(value: Any) -> str:
    """As text as it is, anything else as JSON has it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
