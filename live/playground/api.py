"""`/api/v1/agents/{id}/playground` and what comes of it. Words are sent to `/api/chat`."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import Max
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Router, Schema, Status
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from agents.models import Agent, AgentVersion, ToolsFrom
from base.api import Told, answers, found, invalid
from calls.models import Call, PlaygroundChat
from live import uimessages
from live.api import MessageOut
from live.playground import chats, verdict
from live.playground.chats import Played

router = Router(tags=["Agents"])
EDITORS = access(Permission.EDIT_AGENTS)
DRAFT = "draft"
NUMBERS = 2**31  # whole numbers that the database holds


class Start(Told):
    call: UUID = Field(description="A call, or a conversation of the playground: its id as a call.")
    turn: int | None = Field(
        None,
        strict=True,
        ge=0,
        lt=NUMBERS,
        description="The last that is taken over, with all of its answer; without it, the whole call is.",
    )


class Play(Told):
    version: Annotated[int, Field(strict=True, ge=1, lt=NUMBERS)] | Literal["draft"] = Field(
        description="A number, or `draft`.", examples=[14]
    )
    start: Start | None = Field(None, alias="from", description="Null: it begins at the beginning.")
    tools: ToolsFrom | None = Field(
        None,
        description="`recorded`: nobody is asked, tools answer as they did in that call. `live`: they are "
        "asked. Without it: recorded where it goes on from a call.",
    )


class StartOut(Schema):
    call: UUID
    turn: int = Field(description="The last that was taken over; 0: none was.")
    at: datetime = Field(description="When that call began.")


class PlaygroundOut(Schema):
    id: UUID = Field(description="The conversation as a call.")
    chat: str = Field(description="Its id for `/api/chat`, where words are sent.")
    label: str = Field(examples=["v14"], description="The version; “Draft” if it is the draft.")
    version: int | None = Field(description="Null: it is the draft.")
    revision: int | None = Field(description="Of the draft, as it was when this began.")
    tools: str = Field(description="Where tools answer from: recorded or live.", examples=["recorded"])
    start: StartOut | None = Field(alias="from", description="What it goes on from.")
    messages: list[MessageOut] = Field(description="As a chat’s.")
    call_url: str = Field(examples=["/calls/0193b0f2-6a2e-7c4e-9a57-0d6b7c1f2a3b/"])


class RuleFiringOut(Schema):
    rule: str = Field(examples=["r1"])
    name: str = Field(examples=["Asked for a person"])
    turn: int | None = Field(description="The number of the turn it fires at.")
    sentence: str = Field(description="The rule in words.")


class VerdictOut(Schema):
    firings: list[RuleFiringOut]


@router.post(
    "/agents/{uuid:agent_id}/playground",
    summary="Try an agent out",
    auth=EDITORS,
    response=answers(PlaygroundOut, 400, 404, status=201),
    by_alias=True,
)
def begin_playground(request: HttpRequest, agent_id: UUID, asked: Play):
    """A new conversation with a version or the draft as it is now, from the beginning or from a turn of a
    call. Words are sent to `/api/chat` with its `chat` as `id`. To say something else at a turn, go on from
    the turn before it. It counts in no figure, and nobody is told of it."""
    agent = found(request, Agent.objects.select_related("workspace", "live_version"), agent_id)
    played = _played(agent, asked.version)
    source = found(request, Call, asked.start.call) if asked.start else None
    until = asked.start.turn if asked.start else None
    if source and until is not None:
        last = source.standing().aggregate(n=Max("n"))["n"] or 0
        if until > last:
            raise invalid({"from.turn": f"the last turn of the call is {last}"})
    tools = asked.tools or (ToolsFrom.RECORDED if source else ToolsFrom.LIVE)
    viewer = request.viewer
    play = chats.begin(agent, played, viewer.user_id, source=source, until=until, tools=tools)
    return Status(201, _out(play))


@router.get(
    "/playground/{uuid:call_id}",
    summary="Get a conversation of the playground",
    auth=EDITORS,
    response=answers(PlaygroundOut, 404),
    by_alias=True,
)
def get_playground(request: HttpRequest, call_id: UUID):
    """What it is held with, and what was said. Only who began it goes on with it; where an API token did,
    whoever may edit."""
    return _out(_the(request, call_id))


@router.get(
    "/playground/{uuid:call_id}/verdict",
    summary="What its rules say of a conversation",
    auth=EDITORS,
    response=answers(VerdictOut, 404),
)
def get_verdict(request: HttpRequest, call_id: UUID):
    """Which rules of what is played fire on it, as they would on a call. Nothing is done about it."""
    firings = verdict.firings_of(_the(request, call_id))
    return {
        "firings": [
            {"rule": one.rule, "name": one.name, "turn": one.turn, "sentence": one.sentence}
            for one in firings
        ]
    }


def _played(agent: Agent, asked: int | str) -> Played:
    """Raises Http404 for a version that is not there."""
    if asked == DRAFT:
        return chats.draft_of(agent)
    return chats.version_of(get_object_or_404(AgentVersion, agent=agent, number=asked))


def _the(request: HttpRequest, call_id: UUID) -> PlaygroundChat:
    plays = PlaygroundChat.objects.for_workspace(request.viewer.workspace_id)
    rows = plays.select_related("call__agent", "call__version", "source")
    return get_object_or_404(rows, call_id=call_id)


def _out(play: PlaygroundChat) -> dict[str, Any]:
    call = play.call
    start = None
    if play.source:
        start = {"call": play.source.pk, "turn": play.turn or 0, "at": play.source.started_at}
    return {
        "id": call.pk,
        "chat": call.platform_call_id,
        "label": f"v{play.number}" if play.number else "Draft",
        "version": play.number,
        "revision": play.revision,
        "tools": play.tools,
        "from": start,
        "messages": uimessages.messages(call, uimessages.rounds(call)),
        "call_url": reverse("calls:call", args=[call.pk]),
    }
