"""What the list of agents shows."""

from typing import Any

from django.urls import reverse

from accounts.access import Viewer
from accounts.models import Role
from accounts.permissions import Permission, least_role
from agents.drafting import drafts
from agents.models import Agent
from agents.pages import starters


def everyone(viewer: Viewer, csrf: str) -> dict[str, Any]:
    agents = (
        Agent.objects.for_workspace(viewer.workspace_id)
        .select_related("live_version__created_by", "draft__edited_by", "draft__base", "copy", "connection")
        .order_by("name", "id")
    )
    may_edit = viewer.may(Permission.EDIT_AGENTS)
    rows = [_row(agent) for agent in agents]
    return {
        "section": "agents",
        "agents": rows,
        "agent_count": len(rows),
        "starters": starters.STARTERS,
        "may_edit": may_edit,
        "editing_role": Role(least_role(Permission.EDIT_AGENTS)).label,
        "page_data": {
            "api": "/api/v1/agents",
            "agent": reverse("agents:list"),
            "csrf": csrf,
            "starters": starters.told() if may_edit else [],
        },
    }


def _row(agent: Agent) -> dict[str, Any]:
    """The agent, how much its draft would change, and who wrote last and when."""
    live, draft = agent.live_version, getattr(agent, "draft", None)
    changes = len(drafts.changed(agent, draft))
    if draft and changes:
        return {"agent": agent, "changes": changes, "by": draft.edited_by, "at": draft.edited_at}
    return {
        "agent": agent,
        "changes": 0,
        "by": live.created_by if live else None,
        "at": live.created_at if live else agent.created_at,
    }
