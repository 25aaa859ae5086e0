"""The list of agents, and the editor of one. What changes something goes through /api/v1/agents."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import requires
from accounts.permissions import Permission
from agents.models import Agent
from agents.pages import editor, listing
from agents.pages.presence import Editor, here

_LONGEST = 40  # of what a page says of itself


@require_GET
@requires(Permission.SEE_CALLS)
def agents(request: HttpRequest) -> HttpResponse:
    """Every agent of the workspace, by name."""
    return render(request, "agents/list.html", listing.everyone(request.viewer, get_token(request)))


@require_GET
@requires(Permission.SEE_CALLS)
def agent(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """What it is told: its draft, and its versions. Whoever may not read words sees none of them."""
    rows = Agent.objects.for_workspace(request.workspace).select_related(
        "workspace", "live_version", "connection", "copy"
    )
    found = get_object_or_404(rows, pk=agent_id)
    return render(request, "agents/editor.html", editor.of(found, request.viewer, get_token(request)))


@require_POST
@requires(Permission.EDIT_AGENTS)
async def presence(request: HttpRequest, agent_id: UUID) -> JsonResponse:
    """An open editor says where it is (`tab`, `section`; `leaving`), and hears who else is there and how far
    the draft is."""
    told = request.POST
    rows = Agent.objects.for_workspace(request.workspace).filter(pk=agent_id)
    found = await rows.values("draft__revision", "live_version__number").afirst()
    if found is None:
        raise Http404
    viewer = request.viewer
    me = Editor(
        told.get("tab", "")[:_LONGEST], str(viewer.user_id), viewer.name, told.get("section", "")[:_LONGEST]
    )
    others = await here(agent_id, me, leaving="leaving" in told)
    return JsonResponse(
        {
            "editors": [
                {
                    "name": "Your other tab" if one.user_id == me.user_id else one.name,
                    "section": one.section,
                }
                for one in others
            ],
            "revision": found["draft__revision"] or 0,
            "live_number": found["live_version__number"],
        }
    )
