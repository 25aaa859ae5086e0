"""How much a JSON Schema holds once every reference in it has been followed.

A validator follows a reference anew each time, and holds Python's lock while it does: thirty of them that
double what they lead to would stop the process, and every call in it. So the schema of a tool refers to
places in itself alone, never in a circle, and only to so much.
"""

from typing import Any

MOST_PARTS = 1_000
MOST_WORK = 50_000  # parts times the values that are compared with them; seconds, at worst

Path = tuple[str | int, ...]

_ELSEWHERE = ("$dynamicRef", "$recursiveRef")  # where they lead depends on who refers to them
_SHELVES = ("$defs", "definitions")  # what lies there counts where it is referred to
_NAMES = ("$id", "id")
_DATA = ("const", "enum", "default", "examples", "example")  # holds no schemas
# Holds schemas by names that people chose.
_BY_NAME = ("properties", "patternProperties", "dependentSchemas", "dependencies")


class Unbounded(ValueError):
    """The schema may not be used. `path`: where that is."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


def parts(schema: dict[str, Any]) -> int:
    """How many parts it has. Raises Unbounded."""
    try:
        return _Count(schema).of(schema, ())
    except RecursionError:
        raise Unbounded((), "This is nested too deep.") from None


def values(arguments: Any) -> int:
    """How many values there are, one within the other."""
    inner = arguments.values() if isinstance(arguments, dict) else arguments
    return 1 + sum(map(values, inner)) if isinstance(arguments, dict | list) else 1


class _Count:
    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._known: dict[str, int] = {}  # by where a reference leads
        self._open: set[str] = set()  # references that are being followed

    def of(self, node: Any, path: Path) -> int:
        if isinstance(node, list):
            return sum(self.of(one, (*path, index)) for index, one in enumerate(node))
        if not isinstance(node, dict):
            return 0
        self._check(node, path)
        found = 1
        for name, inner in node.items():
            if name in _BY_NAME and isinstance(inner, dict):
                found += sum(self.of(one, (*path, name, key)) for key, one in inner.items())
            elif name not in _SHELVES and name not in _DATA:
                found += self.of(inner, (*path, name))
        if isinstance(node.get("$ref"), str):
            found += self._led(node["$ref"], (*path, "$ref"))
        if found > MOST_PARTS:
            raise Unbounded(path, f"With all it refers to, this has more than {MOST_PARTS:,} parts.")
        return found

    def _check(self, node: dict[str, Any], path: Path) -> None:
        for name in _ELSEWHERE:
            if name in node:
                raise Unbounded((*path, name), "Refer to a place in this schema: $ref with #/$defs/…")
        # References within it would lead to places in it, not in the whole.
        named = [name for name in _NAMES if path and isinstance(node.get(name), str)]
        if named:
            raise Unbounded((*path, named[0]), "Only the whole schema has a name of its own.")

    def _led(self, target: str, path: Path) -> int:
        if target in self._open:
            raise Unbounded(path, "This leads back to itself.")
        if target not in self._known:
            self._open.add(target)
            self._known[target] = self.of(*self._at(target, path))
            self._open.discard(target)
        return self._known[target]

    def _at(self, target: str, path: Path) -> tuple[Any, Path]:
        """What is there, and where that is. `path`: of the reference."""
        if target != "#" and not target.startswith("#/"):
            raise Unbounded(path, "References lead to a place in this schema: #/$defs/…")
        node: Any = self._root
        where: Path = ()
        for text in target.split("/")[1:]:
            name = text.replace("~1", "/").replace("~0", "~")
            try:
                step = int(name) if isinstance(node, list) else name
                node, where = node[step], (*where, step)
            except (LookupError, ValueError, TypeError):
                said = "Nothing is there. References lead to a place in this schema: #/$defs/…"
                raise Unbounded(path, said) from None
        return node, where
