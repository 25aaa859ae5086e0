"""`/api/v1/agents/{id}/push` and `…/drift`: an agent on its platform."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from agents.models import Agent
from agents.publishing import acts, standing
from agents.publishing.standing import State
from base.api import answers, found
from base.errors import json_error

router = Router(tags=["Agents"])
EDITORS = access(Permission.EDIT_AGENTS)
AGENTS = Agent.objects.select_related("connection", "live_version", "workspace")


class DriftDifference(Schema):
    setting: str = Field(description="By our name.", examples=["speed"])
    label: str = Field(examples=["Speed"])
    before: Any = Field(description="As Earshot put it there.", examples=[1.0])
    after: Any = Field(description="As it was found there.", examples=[1.1])


class DriftOut(Schema):
    state: State = Field(
        description="`none`: never put there, or guarded no longer. `waiting`: something newer is to be put "
        "there. `failing`: it could not be put or read; see `error`. `differs`: see `differences`."
    )
    platform: str | None = Field(examples=["Retell"])
    version: int | None = Field(description="The number of our version that is there.")
    put_at: datetime | None
    checked_at: datetime | None = Field(description="When it was last read there.")
    error: str | None = Field(description="For people; Earshot tries again by itself.")
    differences: list[DriftDifference] = Field(description="What others have changed there since.")
    left: list[str] = Field(description="Settings that are left as the platform has them.")


@router.get(
    "/agents/{uuid:agent_id}/drift",
    summary="Compare an agent with its platform",
    auth=access(Permission.SEE_WORDS),
    response=answers(DriftOut, 404),
)
def get_agent_drift(request: HttpRequest, agent_id: UUID):
    """As last read; Earshot looks every five minutes."""
    return _told(found(request, AGENTS, agent_id))


@router.delete(
    "/agents/{uuid:agent_id}/drift",
    summary="Guard an agent no longer",
    auth=EDITORS,
    response=answers(DriftOut, 404, 409, 503),
)
def forget_agent_copy(request: HttpRequest, agent_id: UUID):
    """What is on the platform stays as it is, and what is published from now on is not put there."""
    return _done(request, agent_id, "forget")


@router.post(
    "/agents/{uuid:agent_id}/push",
    summary="Put an agent on its platform",
    auth=EDITORS,
    response=answers(DriftOut, 404, 409, 503),
)
def push_agent(request: HttpRequest, agent_id: UUID):
    """Its live version, with all settings; the agent is made there if it is not. From then on every version
    goes there as it is published. 409 says in `message` what the platform cannot be given."""
    return _done(request, agent_id, "push")


@router.post(
    "/agents/{uuid:agent_id}/drift/check",
    summary="Look at an agent on its platform now",
    auth=EDITORS,
    response=answers(DriftOut, 404, 409, 503),
)
def check_agent_drift(request: HttpRequest, agent_id: UUID):
    """Reads it there and answers what differs."""
    return _done(request, agent_id, "check")


@router.post(
    "/agents/{uuid:agent_id}/drift/keep",
    summary="Keep what the platform has",
    auth=EDITORS,
    response=answers(DriftOut, 404, 409, 503),
)
def keep_agent_drift(request: HttpRequest, agent_id: UUID):
    """What a version can say becomes a new one, which is live at once; the rest is `left` to the platform."""
    return _done(request, agent_id, "keep")


@router.post(
    "/agents/{uuid:agent_id}/drift/put-back",
    summary="Put ours back",
    auth=EDITORS,
    response=answers(DriftOut, 404, 409, 503),
)
def put_back_agent_drift(request: HttpRequest, agent_id: UUID):
    """What the live version says is put on the platform once more."""
    return _done(request, agent_id, "put-back")


def _done(request: HttpRequest, agent_id: UUID, act: str) -> DriftOut | HttpResponse:
    agent = found(request, AGENTS, agent_id)
    if failure := acts.do(act, agent, request.viewer.actor_id):
        return json_error(503 if failure.passing else 409, message=failure.said)
    return _told(found(request, AGENTS, agent_id))


def _told(agent: Agent) -> DriftOut:
    stands = standing.of(agent)
    return DriftOut(
        state=stands.state,
        platform=stands.platform or None,
        version=stands.version,
        put_at=stands.put_at,
        checked_at=stands.checked_at,
        error=stands.error or None,
        differences=[
            DriftDifference(setting=one.field, label=one.label, before=one.before, after=one.after)
            for one in stands.differences
        ],
        left=stands.left,
    )
