"""What is done to a tool beside setting it up: trying it, and removing it while nobody needs it."""

from typing import Any

from asgiref.sync import async_to_sync
from django.core.cache import cache

from accounts import audit
from agents import provision
from agents.llm import tools
from agents.llm.tools import ToolResult
from agents.models import Agent, Tool
from agents.provision import Actor

EVERY_S = 1  # one trial of a tool in so long


class InUse(Exception):
    """Agents' live versions name it. Says whose."""


class TooSoon(Exception):
    """The tool has just been tried."""


def delete(tool: Tool, *, by: Actor) -> None:
    """Remove it. Raises InUse: an agent that talks to callers must not lose a tool unseen."""
    if users := used_by(tool):
        raise InUse(", ".join(agent.name for agent in users))
    provision.delete(tool, by=by)


def try_out(tool: Tool, arguments: dict[str, Any], *, by: Actor) -> ToolResult:
    """Use it once, for real. Takes as long as the tool may: for a thread. Raises TooSoon."""
    if not cache.add(f"tool-trial:{tool.pk}", 1, timeout=EVERY_S):
        raise TooSoon
    audit.note("tool.try", workspace=tool.workspace_id, actor=by, target=f"tool:{tool.pk}")
    return async_to_sync(tools.try_out)(tool, arguments)


def used_by(tool: Tool) -> list[Agent]:
    """Whose live version names it."""
    named = Agent.objects.for_workspace(tool.workspace_id).filter(live_version__tools__contains=[tool.name])
    return list(named.order_by("name"))
