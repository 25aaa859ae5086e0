"""Which room may know which: the table of docs/architecture.md, compared with every import and migration."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EVERYTHING = frozenset(
    {
        "base",
        "accounts",
        "platforms",
        "streaming",
        "agents",
        "calls",
        "live",
        "webhooks",
        "observability",
        "simulator",
    }
)

# The rooms each room may import, besides itself.
KNOWS = {
    "base": frozenset(),
    "accounts": frozenset({"base"}),
    "platforms": frozenset({"base", "accounts"}),
    "streaming": frozenset({"base"}),
    "agents": frozenset({"base", "accounts", "platforms", "streaming"}),
    "calls": frozenset({"base", "accounts", "platforms", "streaming", "agents"}),
    "live": frozenset({"base", "accounts", "platforms", "streaming", "agents", "calls"}),
    "webhooks": frozenset({"base", "accounts", "platforms", "streaming", "agents", "calls"}),
    "observability": EVERYTHING - {"observability", "simulator"},  # reads them all; nobody imports it
    "simulator": frozenset(),  # the outside world: it speaks to us over HTTP and WebSocket only
    "config": EVERYTHING,
}
# Inside an app, from the outermost layer to the innermost; a module imports its own layer or one further in.
LAYERS = (
    ("urls", "routing"),
    ("views", "consumers", "receiver", "api", "admin", "management", "middleware", "decorators"),
    ("tasks",),
    ("services",),
    ("models",),
    ("events",),
)
# An adapter takes plain values and answers in our vocabulary: no request, no model, no settings.
ADAPTERS = tuple(
    path.parent
    for path in sorted((ROOT / "platforms").glob("*/__init__.py"))
    if path.parent.name != "migrations"
)
SHARED = ("platforms.events", "platforms.errors", "platforms.clean", "platforms.webhooks", "platforms.agents")


@dataclass(frozen=True)
class Import:
    file: Path
    line: int
    module: str  # dotted, absolute
    inside_function: bool

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.module}"


def modules(room: str) -> list[Path]:
    return [path for path in sorted((ROOT / room).rglob("*.py")) if "migrations" not in path.parts]


@cache
def imports(file: Path) -> tuple[Import, ...]:
    return tuple(_imports(file, ast.parse(file.read_text()), inside_function=False))


def _imports(file: Path, node: ast.AST, inside_function: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for name in child.names:
                yield Import(file, child.lineno, name.name, inside_function)
        elif isinstance(child, ast.ImportFrom):
            package = file.relative_to(ROOT).parts[: -child.level] if child.level else ()
            base = ".".join([*package, *([child.module] if child.module else [])])
            for name in child.names:
                yield Import(file, child.lineno, f"{base}.{name.name}", inside_function)
        function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _imports(file, child, inside_function or function)


def room_of(module: str) -> str | None:
    name = module.split(".", 1)[0]
    return name if name in KNOWS else None


def test_every_room_is_in_the_table():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert packages - {"tests", "bench"} == set(KNOWS)


@pytest.mark.parametrize("room", KNOWS)
def test_a_room_imports_only_what_it_may_know(room):
    wrong = [
        str(found)
        for file in modules(room)
        for found in imports(file)
        if room_of(found.module) not in {None, room, *KNOWS[room]}
    ]

    assert wrong == []


@pytest.mark.parametrize("room", KNOWS)
def test_nothing_is_imported_inside_a_function(room):
    wrong = [
        str(found)
        for file in modules(room)
        if file.name != "apps.py"  # Django connects signals in AppConfig.ready, when models may be imported
        for found in imports(file)
        if found.inside_function
    ]

    assert wrong == []


@pytest.mark.parametrize("room", sorted(EVERYTHING))
def test_migrations_depend_along_the_arrows_only(room):
    wrong = []
    for file in (ROOT / room / "migrations").glob("0*.py"):
        for app in migration_dependencies(file):
            if app in KNOWS and app not in {room, *KNOWS[room]}:
                wrong.append(f"{file.relative_to(ROOT)} depends on {app}")

    assert wrong == []


def migration_dependencies(file: Path) -> set[str]:
    """The app labels a migration names: its dependencies, and the models its foreign keys point to."""
    tree = ast.parse(file.read_text())
    apps = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(
            getattr(to, "id", "") == "dependencies" for to in node.targets
        ):
            apps |= {pair.elts[0].value for pair in node.value.elts if isinstance(pair, ast.Tuple)}
        if isinstance(node, ast.keyword) and node.arg == "to" and isinstance(node.value, ast.Constant):
            apps.add(str(node.value.value).split(".")[0])
    return apps


def layer_of(path: str) -> int | None:
    """The layer of a module inside its app ("views", "management.commands.up"), or None: a plain helper."""
    first = path.split(".", 1)[0]
    return next((number for number, names in enumerate(LAYERS) if first in names), None)


@pytest.mark.parametrize("room", sorted(EVERYTHING - {"simulator"}))
def test_layers_inside_an_app_import_inwards_only(room):
    wrong = []
    for file in modules(room):
        inner = ".".join(file.relative_to(ROOT / room).with_suffix("").parts)
        layer = layer_of(inner)
        for found in imports(file):
            if layer is None or room_of(found.module) != room:
                continue
            imported = layer_of(found.module.removeprefix(f"{room}."))
            if imported is not None and imported < layer:
                wrong.append(str(found))

    assert wrong == []


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda path: path.name)
def test_a_platform_adapter_is_pure(adapter):
    wrong = []
    for file in sorted(adapter.rglob("*.py")):
        for found in imports(file):
            ours = room_of(found.module) and not found.module.startswith(
                (f"platforms.{adapter.name}", *SHARED)
            )
            if ours or found.module.startswith("django"):
                wrong.append(str(found))

    assert wrong == []


def test_vendors_sdks_come_only_with_their_adapters():
    """They take a second to import; what does not speak to the vendor starts without."""
    slow = ("openai", "anthropic", "agents.llm.providers.openai", "agents.llm.providers.anthropic")
    wrong = [
        str(found)
        for room in KNOWS
        for file in modules(room)
        if file.parent.name != "providers"
        for found in imports(file)
        if found.module in slow or found.module.startswith(tuple(f"{name}." for name in slow))
    ]

    assert wrong == []


def test_the_table_would_notice():
    """The checks above look at something: they find the imports that are known to be there."""
    found = {item.module for item in imports(ROOT / "calls" / "models" / "calls.py")}

    assert any(room_of(module) == "accounts" for module in found)
    assert "accounts" in migration_dependencies(ROOT / "calls" / "migrations" / "0001_initial.py")
