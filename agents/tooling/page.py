"""The tools of one agent as its editor shows them."""

import json
from typing import Any

from agents import registry
from agents.llm.request import ToolSpec
from agents.llm.tools import BUILT_IN
from agents.models import Agent, Tool
from agents.tooling.forms import NEW

KINDS = {
    "built_in": "Built in: the call itself acts on it.",
    "registered": "Earshot’s own: it knows your calls.",
    "http": "Asks a service of yours. What is changed here counts for every agent that uses it.",
    "gone": "There is no such tool any more.",
}
_METHODS = Tool.Method.values


def of(agent: Agent, content: dict[str, Any], *, may_edit: bool) -> dict[str, Any]:
    """`tools`: those of the draft in its order, then the rest by name. `blank`: one that is not there yet."""
    used = content["tools"]
    known = {name: _ours(spec, "built_in") for name, spec in BUILT_IN.items()}
    known |= {name: _ours(one.spec, "registered") for name, one in registry.registered().items()}
    own = {tool.name: tool for tool in Tool.objects.for_workspace(agent.workspace_id)}
    known |= {name: _http(tool, may_edit=may_edit) for name, tool in own.items() if name not in known}
    rest = sorted(name for name in known if name not in used)
    rows = [known.get(name) or _row(name, "", {}, "gone") for name in dict.fromkeys(used)]
    rows += [known[name] for name in rest]
    return {
        "tools": [row | {"on": row["name"] in used} for row in rows],
        "blank": _row("", "", {}, "http") | NEW | {"on": False, "form": may_edit, "methods": _METHODS},
        "used": len(used),
    }


def _ours(spec: ToolSpec, kind: str) -> dict[str, Any]:
    return _row(spec.name, spec.description, spec.parameters, kind)


def _http(tool: Tool, *, may_edit: bool) -> dict[str, Any]:
    row = _row(tool.name, tool.description, tool.parameters, "http")
    if not may_edit:
        return row
    sent = sorted(json.loads(tool.headers)) if tool.headers else []
    return row | {
        "form": True,
        "methods": _METHODS,
        "id": tool.pk,
        "method": tool.method,
        "url": tool.url,
        "sent": ", ".join(sent),
        "timeout_ms": tool.timeout_ms,
        "retries": tool.retries,
    }


def _row(name: str, description: str, parameters: dict[str, Any], kind: str) -> dict[str, Any]:
    schema = json.dumps(parameters, indent=2, ensure_ascii=False) if parameters else ""
    return {"name": name, "description": description, "schema": schema, "kind": kind, "about": KINDS[kind]}
