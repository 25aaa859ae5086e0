"""Tools as people manage them: made, changed, removed, tried. All of it is audited.

The audit log is given ids and which settings changed; never a name, an address or a header.
"""

from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.db import transaction

from accounts import audit
from accounts.models import User, Workspace
from agents.llm import tools
from agents.llm.tools import ToolResult
from agents.models import Agent, Tool

Actor = User | UUID | None

EVERY_S = 1  # one trial of a tool in so long


class InUse(Exception):
    """Agents' live versions name it. Says whose."""


class TooSoon(Exception):
    """The tool has just been tried."""


@transaction.atomic
def create(workspace: Workspace | UUID, fields: dict[str, Any], *, by: Actor) -> Tool:
    """`fields`: columns of Tool. Raises IntegrityError for a name that is taken."""
    tool = Tool.objects.create(workspace_id=getattr(workspace, "pk", workspace), **fields)
    _note("tool.create", tool, by, {"method": tool.method})
    return tool


@transaction.atomic
def edit(tool: Tool, fields: dict[str, Any], *, by: Actor) -> list[str]:
    """Change what is another than it was, and say what that is. Counts within five seconds."""
    changed = [name for name, value in fields.items() if getattr(tool, name) != value]
    if changed:
        for name in changed:
            setattr(tool, name, fields[name])
        tool.save(update_fields=changed)
        _note("tool.edit", tool, by, {"changed": sorted(changed)})
    return changed


@transaction.atomic
def delete(tool: Tool, *, by: Actor) -> None:
    """Remove it. Raises InUse: an agent that talks to callers must not lose a tool unseen."""
    if users := used_by(tool):
        raise InUse(", ".join(agent.name for agent in users))
    _note("tool.delete", tool, by)
    tool.delete()


def try_out(tool: Tool, arguments: dict[str, Any], *, by: Actor) -> ToolResult:
    """Use it once, for real. Takes as long as the tool may: for a thread. Raises TooSoon."""
    if not cache.add(f"tool-trial:{tool.pk}", 1, timeout=EVERY_S):
        raise TooSoon
    _note("tool.try", tool, by)
    return async_to_sync(tools.try_out)(tool, arguments)


def used_by(tool: Tool) -> list[Agent]:
    """Whose live version names it."""
    named = Agent.objects.for_workspace(tool.workspace_id).filter(live_version__tools__contains=[tool.name])
    return list(named.order_by("name"))


def _note(action: str, tool: Tool, by: Actor, detail: dict | None = None) -> None:
    audit.note(action, workspace=tool.workspace_id, actor=by, target=f"tool:{tool.pk}", detail=detail)
