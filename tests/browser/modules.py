"""ES modules of ours in a page that is none of ours: each with those it imports, as blobs."""

import re

from config.env import BASE_DIR

STATIC = {
    "agents": BASE_DIR / "agents/static/agents",
    "calls": BASE_DIR / "calls/static/calls",
    "live": BASE_DIR / "live/static/live",
    "chat": BASE_DIR / "live/static/chat",
}
LOAD = """async ([sources, entry, work]) => {
  const addresses = {};
  for (const [name, source] of sources) {
    const linked = source.replace(/from "([^"]+)"/g, (all, other) => `from "${addresses[other] ?? other}"`);
    addresses[name] = URL.createObjectURL(new Blob([linked], { type: 'text/javascript' }));
  }
  const module = await import(addresses[entry]);
  return new Function('module', 'return (' + work + ')(module)')(module);
}"""


def with_imports(name: str, found: dict[str, str] | None = None) -> dict[str, str]:
    """A module's source and those it imports, which come first."""
    found = {} if found is None else found
    folder, file = name.split("/")
    source = (STATIC[folder] / file).read_text()
    for other in re.findall(r'from "((?:agents|calls|live|chat)/[^"]+)"', source):
        if other not in found:
            with_imports(other, found)
    found[name] = source
    return found
