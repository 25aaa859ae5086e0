"""What the editor of one agent shows: its draft (what is live, until somebody writes), and its versions."""

from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse

from accounts.models import Role
from accounts.permissions import Permission, least_role
from agents.models import Agent, AgentDraft, AgentVersion, Tier

# id of the section, its name. Those whose texts are words of the workspace come with the right to see words.
SECTIONS = (("prompt", "Prompt"), ("voice", "Voice"), ("model", "Model"))
VERSIONS = ("versions", "Versions")
# Of an agent that nobody has told anything yet.
BLANK: dict[str, Any] = {
    name: field.get_default()
    for name, field in ((name, AgentVersion._meta.get_field(name)) for name in AgentVersion.CONTENT)
}


def of(request: HttpRequest, agent: Agent) -> dict[str, Any]:
    viewer = request.viewer
    sees_words, may_edit = viewer.may(Permission.SEE_WORDS), viewer.may(Permission.EDIT_AGENTS)
    draft = AgentDraft.objects.for_workspace(request.workspace).filter(agent=agent).first()
    versions = list(agent.versions.select_related("created_by").order_by("-number"))
    content = content_of(agent, draft)
    return {
        "section": "agents",
        "agent": agent,
        "live": agent.live_version,
        "draft": draft,
        "next_number": versions[0].number + 1 if versions else 1,
        "content": content,
        "sections": [*SECTIONS, VERSIONS],
        "versions": versions,
        "tiers": [(tier.value, tier.label) for tier in Tier],
        "sees_words": sees_words,
        "may_edit": may_edit,
        "editing_role": Role(least_role(Permission.EDIT_AGENTS)).label,
        "page_data": {
            "agent": {"id": str(agent.pk), "name": agent.name},
            "api": f"/api/v1/agents/{agent.pk}",
            "list": reverse("agents:list"),
            "csrf": get_token(request),
            "may_edit": may_edit,
            "revision": draft.revision if draft else 0,
            "content": content if sees_words else {},
        },
    }


def content_of(agent: Agent, draft: AgentDraft | None) -> dict[str, Any]:
    """Each field of a version, as the next one will have it."""
    if draft:
        return BLANK | draft.content
    live = agent.live_version
    return {name: getattr(live, name) for name in AgentVersion.CONTENT} if live else dict(BLANK)
