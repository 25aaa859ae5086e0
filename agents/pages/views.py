"""The list of agents, and the editor of one. What changes something goes through /api/v1/agents."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.decorators import requires
from accounts.permissions import Permission
from agents.models import Agent
from agents.pages import editor, listing


@require_GET
@requires(Permission.SEE_CALLS)
def agents(request: HttpRequest) -> HttpResponse:
    """Every agent of the workspace, by name."""
    return render(request, "agents/list.html", listing.everyone(request))


@require_GET
@requires(Permission.SEE_CALLS)
def agent(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """What it is told: its draft, and its versions. Whoever may not read words sees none of them."""
    rows = Agent.objects.for_workspace(request.workspace).select_related("live_version", "connection")
    return render(request, "agents/editor.html", editor.of(request, get_object_or_404(rows, pk=agent_id)))
