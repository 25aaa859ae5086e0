"""What the list of agents shows."""

from typing import Any

from django.http import HttpRequest

from accounts.permissions import Permission
from agents.models import Agent


def everyone(request: HttpRequest) -> dict[str, Any]:
    agents = (
        Agent.objects.for_workspace(request.workspace)
        .select_related("live_version", "draft", "copy", "connection")
        .order_by("name", "id")
    )
    return {
        "section": "agents",
        "agents": agents,
        "may_edit": request.viewer.may(Permission.EDIT_AGENTS),
    }
