"""The part of an agent's page that says how it stands at its platform, and what is pressed there."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import requires
from accounts.permissions import Permission
from agents.models import Agent
from agents.publishing import acts


@require_GET
@requires(Permission.SEE_CALLS)
def copy(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """As last known."""
    return _drawn(request, agent_id)


@require_POST
@requires(Permission.EDIT_AGENTS)
def act(request: HttpRequest, agent_id: UUID, act: str) -> HttpResponse:
    """Done, and drawn anew. `X-Version-Published`: all of the page has become older than the agent."""
    if act not in acts.ACTS:
        raise Http404
    agent = _agent(request, agent_id)
    failure = acts.do(act, agent, request.viewer.user_id)
    response = _drawn(request, agent_id, said=failure.said if failure else "")
    if _agent(request, agent_id).live_version_id != agent.live_version_id:
        response["X-Version-Published"] = "1"
    return response


def _agent(request: HttpRequest, agent_id: UUID) -> Agent:
    rows = Agent.objects.for_workspace(request.workspace)
    return get_object_or_404(rows.select_related("connection", "live_version", "workspace"), pk=agent_id)


def _drawn(request: HttpRequest, agent_id: UUID, said: str = "") -> HttpResponse:
    context = {
        "agent": _agent(request, agent_id),
        "said": said,
        "may_edit": request.viewer.may(Permission.EDIT_AGENTS),
        "sees_words": request.viewer.may(Permission.SEE_WORDS),
    }
    return render(request, "agents/_copy.html", context)
