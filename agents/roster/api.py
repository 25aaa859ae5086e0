"""`/api/v1/agents`: who answers. An agent is added, set up, written to a file and read from one."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from accounts.api import access
from accounts.permissions import Permission
from agents import provision
from agents.drafting import content, drafts, exchange, shapes
from agents.drafting.exchange import AgentFile
from agents.models import Agent
from base.api import Asked, Listing, Told, answers, found, invalid, listed, named, ours, page_of
from platforms.clean import clean
from platforms.models import Connection

router = Router(tags=["Agents"])
READERS, EDITORS = access(Permission.SEE_WORDS), access(Permission.EDIT_AGENTS)
AGENTS = Agent.objects.select_related("live_version")

Named = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"\S")]


class AgentOut(Schema):
    id: UUID
    name: str = Field(examples=["Nora"])
    topic: str | None = Field(description="What it is for, in two words.", examples=["Billing"])
    connection: UUID | None = Field(description="The account at a platform that it answers for.")
    platform_agent_id: str | None = Field(description="What the platform calls it.", examples=["agent_nora"])
    hosting: Agent.Hosting = Field(description="Where its words come from.")
    live_version: int | None = Field(description="The number of what it is told now; null: not published.")
    created_at: datetime


class AgentChange(Told):
    """What is left out stays as it is."""

    name: Named = Field(None, examples=["Nora"])
    topic: str | None = Field(None, max_length=80, description="What it is for.", examples=["Billing"])
    connection: UUID | None = Field(None, description="The account at a platform that it answers for.")
    platform_agent_id: str | None = Field(
        None, max_length=100, pattern="^[ -~]*$", description="What the platform calls it."
    )
    hosting: Agent.Hosting = Field(None, description="Where its words come from.")


class NewAgent(AgentChange):
    name: Named = Field(examples=["Nora"])


class Imported(Schema):
    agent: AgentOut
    faults: list[shapes.DraftFault]
    left_out: list[str] = Field(description="Models of its chain that are not in this workspace.")


class Exported(Asked):
    version: str = Field(
        "", pattern=r"^(draft|[1-9]\d{0,8})?$", description="A number, or `draft`; empty: the live one."
    )


@router.get(
    "/agents",
    summary="List agents",
    auth=access(Permission.SEE_CALLS),
    response=answers(page_of(AgentOut), 400),
)
def list_agents(request: HttpRequest, asked: Query[Listing]):
    """Newest first."""
    return listed(request, AGENTS, asked, agent_out)


@router.get(
    "/agents/{uuid:agent_id}",
    summary="Get an agent",
    auth=access(Permission.SEE_CALLS),
    response=answers(AgentOut, 404),
)
def get_agent(request: HttpRequest, agent_id: UUID):
    """What it is told is in its versions."""
    return agent_out(found(request, AGENTS, agent_id))


@router.post(
    "/agents",
    summary="Create an agent",
    auth=EDITORS,
    response=answers(AgentOut, 400, status=201),
)
def create_agent(request: HttpRequest, told: NewAgent):
    """It answers nobody until its draft is published."""
    viewer, fields = request.viewer, _fields(request, told)
    return Status(201, agent_out(provision.create_agent(viewer.workspace_id, fields, by=viewer.actor_id)))


@router.patch(
    "/agents/{uuid:agent_id}",
    summary="Change an agent",
    auth=EDITORS,
    response=answers(AgentOut, 400, 404),
)
def edit_agent(request: HttpRequest, agent_id: UUID, told: AgentChange):
    """What it is told is in its draft."""
    agent = found(request, AGENTS, agent_id)
    provision.edit(agent, _fields(request, told, agent), by=request.viewer.actor_id)
    return agent_out(agent)


@router.post(
    "/agents/import",
    summary="Create an agent from a file",
    auth=EDITORS,
    response=answers(Imported, 400, status=201),
)
@transaction.atomic
def import_agent(request: HttpRequest, told: AgentFile):
    """As an export wrote it. What it says is a draft of the new agent, to be looked at and published."""
    viewer, names = request.viewer, {"name": clean(told.name), "topic": clean(told.topic)}
    agent = provision.create_agent(viewer.workspace_id, names, by=viewer.actor_id)
    said, left_out = exchange.content_of(agent.workspace_id, told)
    saved = drafts.save(agent, said, 0, viewer.actor_id)
    faults = content.faults(agent.workspace_id, saved.draft.content)
    return Status(201, Imported(agent=agent_out(agent), faults=shapes.faults_out(faults), left_out=left_out))


@router.get(
    "/agents/{uuid:agent_id}/export",
    summary="Export an agent",
    auth=READERS,
    response=answers(AgentFile, 400, 404),
)
def export_agent(request: HttpRequest, agent_id: UUID, asked: Query[Exported]):
    """What one of its versions says, as a file without ids and keys. Tools go by their names."""
    agent = found(request, AGENTS, agent_id)
    live = agent.live_version
    if asked.version == "draft" or (not asked.version and live is None):
        return exchange.export(agent, drafts.look(agent).content, None)
    version = agent.versions.filter(number=int(asked.version)).first() if asked.version else live
    if version is None:
        raise invalid({"version": "there is no such version"})
    return exchange.export(agent, content.of(version), version.number)


def agent_out(agent: Agent) -> AgentOut:
    return AgentOut(
        id=agent.pk,
        name=agent.name,
        topic=agent.topic or None,
        connection=agent.connection_id,
        platform_agent_id=agent.platform_agent_id or None,
        hosting=Agent.Hosting(agent.hosting),
        live_version=agent.live_version.number if agent.live_version else None,
        created_at=agent.created_at,
    )


def _fields(request: HttpRequest, told: AgentChange, current: Agent | None = None) -> dict[str, Any]:
    """Columns to be set. Raises what makes the request invalid."""
    given = clean(told.given())
    fields = {name: value or "" for name, value in given.items() if name != "connection"}
    if "connection" in given:
        chosen = told.connection and named(request, "connection", Connection, told.connection)
        fields["connection_id"] = chosen.pk if chosen else None
    where = {
        name: fields.get(name, getattr(current, name, None))
        for name in ("connection_id", "platform_agent_id")
    }
    others = ours(request, Agent).exclude(pk=current.pk if current else None)
    if all(where.values()) and others.filter(**where).exists():
        raise invalid({"platform_agent_id": "it is another agent of yours already"})
    return fields
