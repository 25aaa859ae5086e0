"""`/api/v1/agents/figures` and the like: how agents, their rules and tools do in calls."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from agents.models import Agent
from base.api import Asked, Money, answers, found, money
from calls import by_agent, by_rule, by_tool, figures

agents, tools = Router(tags=["Agents"]), Router(tags=["Tools"])


class AgentFiguresOut(Schema):
    agent: UUID
    live: int = Field(description="How many it talks with now.")
    ended: int = Field(description="Calls of the last 24 hours that have ended; the rest is of these.")
    without_person: int = Field(description="Those that were not handed to a person.")
    replies: int = Field(description="How many answers the next is of.")
    reply_p95_ms: int | None = Field(description="How long callers waited for an answer.")
    cost_usd: Money
    cost_per_minute_usd: Money | None = Field(description="Null until they have talked for a minute.")


class AgentFiguresList(Schema):
    items: list[AgentFiguresOut]


@agents.get(
    "/agents/figures",
    summary="Figures of each agent",
    auth=access(Permission.SEE_CALLS),
    response=answers(AgentFiguresList),
)
def list_agent_figures(request: HttpRequest):
    """How they do now and did in the last 24 hours. Those nobody talked with are left out."""
    workspace_id = request.viewer.workspace_id
    kept = figures.kept(f"by-agent:{workspace_id}", lambda: by_agent.by_agent(workspace_id))
    return AgentFiguresList(items=[_agent_figures(one) for one in kept])


def _agent_figures(one: by_agent.AgentFigures) -> AgentFiguresOut:
    return AgentFiguresOut(
        agent=one.agent_id,
        live=one.live,
        ended=one.ended,
        without_person=one.without_person,
        replies=one.replies.n,
        reply_p95_ms=one.replies.p95_ms,
        cost_usd=money(one.cost_usd),
        cost_per_minute_usd=money(one.cost_per_minute_usd),
    )


class RuleFiguresOut(Schema):
    rule: str = Field(description="The rule’s id.", examples=["r1"])
    hits: int = Field(description="How often it fired.", examples=[38])
    calls: int = Field(description="In how many calls.", examples=[31])


class RuleFiguresList(Schema):
    items: list[RuleFiguresOut]


@agents.get(
    "/agents/{uuid:agent_id}/rules/figures",
    summary="Figures of each escalation rule",
    auth=access(Permission.SEE_CALLS),
    response=answers(RuleFiguresList, 404),
)
def list_rule_figures(request: HttpRequest, agent_id: UUID):
    """Of the agent’s calls that began in the last seven days. Rules that did not fire are left out."""
    agent = found(request, Agent, agent_id)
    key = f"by-rule:{agent.pk}"
    fired = figures.kept(key, lambda: by_rule.by_rule(agent.workspace_id, agent.pk))
    return {"items": fired}


class ToolFiguresOut(Schema):
    name: str = Field(examples=["order.find"])
    calls: int = Field(description="How often it was asked and has answered.")
    worked: int
    p95_ms: int | None = Field(description="How long it took.")


class ToolFiguresList(Schema):
    items: list[ToolFiguresOut]


class ToolFiguresAsked(Asked):
    agent: UUID = Field(None, description="In this agent’s calls alone.")


@tools.get(
    "/tools/figures",
    summary="Figures of each tool",
    auth=access(Permission.SEE_CALLS),
    response=answers(ToolFiguresList, 400),
)
def list_tool_figures(request: HttpRequest, asked: Query[ToolFiguresAsked]):
    """Of calls that began in the last 24 hours. Tools nobody used are left out."""
    return {"items": by_tool.by_tool(request.viewer.workspace_id, asked.agent)}
