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
from base.pool import leave_database

EVERY_S = 1  # between two trials of one workspace's tools
SPARE_S = 5  # over what a tool may take, for one that died with its trial


class InUse(Exception):
    """Agents' live versions name it. Says whose."""


class TooSoon(Exception):
    """A tool of the workspace is being tried, or just was."""


def delete(tool: Tool, *, by: Actor) -> None:
    """Remove it. Raises InUse: an agent that talks to callers must not lose a tool unseen."""
    if users := used_by(tool):
        raise InUse(", ".join(agent.name for agent in users))
    provision.delete(tool, by=by)


def try_out(tool: Tool, arguments: dict[str, Any], *, by: Actor) -> ToolResult:
    """Use it once, for real. Takes as long as the tool may: for a thread. Raises TooSoon."""
    turn = f"tool-trial:{tool.workspace_id}"
    if not cache.add(turn, 1, timeout=tool.timeout_ms / 1_000 + SPARE_S):
        raise TooSoon
    try:
        audit.note("tool.try", workspace=tool.workspace_id, actor=by, target=f"tool:{tool.pk}")
        leave_database()
        return async_to_sync(tools.try_out)(tool, arguments)
    finally:
        cache.set(turn, 1, timeout=EVERY_S)


def used_by(tool: Tool) -> list[Agent]:
    """Whose live version names it."""
    named = Agent.objects.for_workspace(tool.workspace_id).filter(live_version__tools__contains=[tool.name])
    return list(named.order_by("name"))
