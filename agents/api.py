"""`/api/v1/agents` and `/api/v1/model-calls`: who answers, what they were told, and what their models did."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from agents.llm.errors import ErrorType
from agents.models import Agent, AgentVersion, ModelCall
from base.api import During, Listing, Money, Text, answers, money, paged

router = Router()


# --- Agents ---------------------------------------------------------------------------------------------


class AgentOut(Schema):
    id: UUID
    name: str = Field(examples=["Nora"])
    topic: str | None = Field(description="What it is for, in two words.", examples=["Billing"])
    connection: UUID | None = Field(description="The account at a platform that it answers for.")
    platform_agent_id: str | None = Field(description="What the platform calls it.", examples=["agent_nora"])
    live_version: int | None = Field(description="The number of what it is told now; null: not published.")
    created_at: datetime


class AgentList(Schema):
    items: list[AgentOut]
    next: str | None


class VersionOut(Schema):
    id: UUID
    number: int = Field(examples=[3])
    is_live: bool
    prompt: str
    first_message: str | None = Field(description="Null: the caller speaks first.")
    voice: str | None
    language: str = Field(examples=["en-GB"])
    tier: str = Field(examples=["fast"])
    temperature: float
    tools: list[str] = Field(examples=[["account.lookup", "end_call"]])
    note: str | None = Field(description="Why it was published.")
    created_by: UUID | None
    created_at: datetime


class VersionList(Schema):
    items: list[VersionOut]
    next: str | None


@router.get(
    "/agents",
    tags=["Agents"],
    operation_id="list_agents",
    summary="List agents",
    auth=access(Permission.SEE_CALLS),
    response=answers(AgentList, 400),
)
def list_agents(request: HttpRequest, asked: Query[Listing]):
    """Newest first."""
    found, following = paged(_agents(request), asked, request.viewer.workspace_id)
    return AgentList(items=[_agent(agent) for agent in found], next=following)


@router.get(
    "/agents/{uuid:agent_id}",
    tags=["Agents"],
    operation_id="get_agent",
    summary="Get an agent",
    auth=access(Permission.SEE_CALLS),
    response=answers(AgentOut, 404),
)
def get_agent(request: HttpRequest, agent_id: UUID):
    """What it is told is in its versions."""
    return _agent(get_object_or_404(_agents(request), pk=agent_id))


@router.get(
    "/agents/{uuid:agent_id}/versions",
    tags=["Agents"],
    operation_id="list_agent_versions",
    summary="List an agent’s versions",
    auth=access(Permission.SEE_WORDS),
    response=answers(VersionList, 400, 404),
)
def list_agent_versions(request: HttpRequest, agent_id: UUID, asked: Query[Listing]):
    """Everything the agent was ever told, newest first. A version never changes."""
    agent = get_object_or_404(_agents(request), pk=agent_id)
    versions = AgentVersion.objects.for_workspace(agent.workspace_id).filter(agent=agent)
    found, following = paged(versions, asked, agent.pk, order="-number")
    return VersionList(items=[_version(version, agent) for version in found], next=following)


def _agents(request: HttpRequest):
    return Agent.objects.for_workspace(request.viewer.workspace_id).select_related("live_version")


def _agent(agent: Agent) -> AgentOut:
    return AgentOut(
        id=agent.pk,
        name=agent.name,
        topic=agent.topic or None,
        connection=agent.connection_id,
        platform_agent_id=agent.platform_agent_id or None,
        live_version=agent.live_version.number if agent.live_version else None,
        created_at=agent.created_at,
    )


def _version(version: AgentVersion, agent: Agent) -> VersionOut:
    return VersionOut(
        id=version.pk,
        number=version.number,
        is_live=version.pk == agent.live_version_id,
        prompt=version.prompt,
        first_message=version.first_message or None,
        voice=version.voice or None,
        language=version.language,
        tier=version.tier,
        temperature=version.temperature,
        tools=version.tools,
        note=version.note or None,
        created_by=version.created_by_id,
        created_at=version.created_at,
    )


# --- Model calls ----------------------------------------------------------------------------------------


class ModelCalls(During):
    call: UUID = Field(None, description="Those made for this call.")
    model: Text = Field(
        None,
        description="Those to this model, by its provider’s name.",
        json_schema_extra={"example": "gpt-4.1"},
    )
    error: Literal["any", *get_args(ErrorType)] = Field(  # type: ignore[valid-type]
        None, description="Those that failed: in this way, or in any."
    )


class ModelCallOut(Schema):
    id: UUID
    call: UUID | None
    agent: UUID | None
    feature: str = Field(description="What asked for it.", examples=["voice"])
    provider: str = Field(examples=["OpenAI"])
    model: str = Field(examples=["gpt-4.1"])
    tier: str | None = Field(examples=["fast"])
    attempt: int = Field(description="1, or more after others of the chain failed.")
    fallback_from: str | None = Field(description="The model that failed before this one.")
    cache_hit: bool
    tokens_in: int = Field(description="All of the prompt, its cached part included.")
    tokens_cached: int
    tokens_out: int
    estimated: bool = Field(description="The vendor never said; the tokens were counted from the text.")
    cost_usd: Money
    first_token_ms: int | None
    duration_ms: int
    finish: str | None = Field(description="How it ended.", examples=["stop"])
    error_type: str | None = Field(examples=["timeout"])
    error_code: str | None = Field(description="The vendor’s word for it.", examples=["insufficient_quota"])
    request_id: str | None = Field(description="The vendor’s, for their support.")
    trace_id: str | None
    created_at: datetime


class ModelCallList(Schema):
    items: list[ModelCallOut]
    next: str | None


@router.get(
    "/model-calls",
    tags=["Model calls"],
    operation_id="list_model_calls",
    summary="List model calls",
    auth=access(Permission.SEE_CALLS),
    response=answers(ModelCallList, 400),
)
def list_model_calls(request: HttpRequest, asked: Query[ModelCalls]):
    """Every attempt at a model, newest first, those that failed too."""
    rows = asked.narrow(ModelCall.objects.for_workspace(request.viewer.workspace_id))
    if asked.call:
        rows = rows.filter(call_id=asked.call)
    if asked.model:
        rows = rows.filter(model=asked.model)
    if asked.error:
        rows = rows.exclude(error_type="") if asked.error == "any" else rows.filter(error_type=asked.error)
    found, following = paged(rows, asked, request.viewer.workspace_id)
    return ModelCallList(items=[_model_call(row) for row in found], next=following)


def _model_call(row: ModelCall) -> ModelCallOut:
    return ModelCallOut(
        id=row.pk,
        call=row.call_id,
        agent=row.agent_id,
        feature=row.feature,
        provider=row.provider,
        model=row.model,
        tier=row.tier or None,
        attempt=row.attempt,
        fallback_from=row.fallback_from or None,
        cache_hit=row.cache_hit,
        tokens_in=row.tokens_in,
        tokens_cached=row.tokens_cached,
        tokens_out=row.tokens_out,
        estimated=row.estimated,
        cost_usd=money(row.cost_usd),
        first_token_ms=row.first_token_ms,
        duration_ms=row.duration_ms,
        finish=row.finish or None,
        error_type=row.error_type or None,
        error_code=row.error_code or None,
        request_id=row.request_id or None,
        trace_id=row.trace_id or None,
        created_at=row.created_at,
    )
