"""How values are written: `a,b` any of them, `!a` not, `"…"` around one with a comma or a space in it."""

import re
from collections.abc import Iterable, Iterator

# One that is not quoted is taken with the spaces behind it: to look for their end at each of them would take
# seconds of an address full of them.
_ITEM = re.compile(r'\s*(?:"((?:[^"]|"")*)"\s*|([^,]*))(?:,|$)')
_PLAIN = re.compile(r'[^\s,"!][^\s,"]*')
# A filter, a "phrase" or a word.
_UNIT = re.compile(r'(-?)([A-Za-z]+(?:\.[\w-]+)?):((?:"(?:[^"]|"")*"|[^\s"])+)|-?"[^"]*"|\S+')


def read(text: str) -> tuple[bool, list[str]]:
    """Whether it says not, and the values; an empty one is left out."""
    text = text.strip()
    negated = text.startswith("!")
    text = text.removeprefix("!")
    found = []
    at = 0
    while at < len(text) and (match := _ITEM.match(text, at)):
        quoted, bare = match.groups()
        found.append(bare if quoted is None else quoted.replace('""', '"'))
        at = match.end()
    return negated, [value for value in map(str.strip, found) if value]


def written(values: Iterable[str], *, negated: bool = False) -> str:
    """What `read` reads as these."""
    text = ",".join(value if _PLAIN.fullmatch(value) else _quoted(value) for value in values)
    return f"!{text}" if negated else text


def _quoted(value: str) -> str:
    doubled = value.replace('"', '""')
    return f'"{doubled}"'


def typed(text: str) -> Iterator[tuple[str, str, str]]:
    """What somebody typed, in units: (name, value, "") of what looks like a filter, ("", "", text) of a word.

    `-name:a` comes as `name`, `!a`.
    """
    for match in _UNIT.finditer(text):
        minus, name, value = match.groups()
        if name is None:
            yield "", "", match[0]
        else:
            yield name.lower(), f"!{value}" if minus and not value.startswith("!") else value, match[0]
