"""Conversations of the playground: begun, and answered by what they were begun with. In threads.

One is a call like any other, on the platform "playground", with a row beside it that says what is played.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from agents.drafting import content, drafts
from agents.models import Agent, AgentVersion, ToolsFrom
from agents.services import RunningAgent, as_told
from agents.variables import MEMORY, fill
from base.trace import current_trace_id
from calls import fold, services
from calls.models import PLAYGROUND, Call, PlaygroundChat
from calls.services import Opening
from live.playground.taken import events_of, length_ms, taken
from platforms.events import CallEvent, CallStarted, TurnSpoken


@dataclass(frozen=True, slots=True)
class Played:
    """What an agent is told in it: a version's content, or the draft's at a revision."""

    content: dict[str, Any]
    version: AgentVersion | None = None
    revision: int | None = None


def draft_of(agent: Agent) -> Played:
    draft = drafts.look(agent)
    return Played(draft.content, revision=draft.revision)


def version_of(version: AgentVersion) -> Played:
    return Played(content.of(version), version)


@transaction.atomic
def begin(
    agent: Agent,
    played: Played,
    opened_by_id: UUID | None,
    *,
    source: Call | None = None,
    until: int | None = None,
    tools: str = ToolsFrom.LIVE,
) -> PlaygroundChat:
    """A new conversation: it goes on behind turn `until` of `source` (None: its last), or from the beginning.

    All three are of one workspace; whoever calls this has looked.
    """
    turns = []
    if source:
        standing = list(source.standing().defer(None))
        turns = taken(standing, until if until is not None else max((turn.n for turn in standing), default=0))
    began = timezone.now() - timedelta(milliseconds=length_ms(turns))
    version = played.version
    facts: list[CallEvent] = [CallStarted(at=began), *events_of(turns, began)]
    if source is None:
        facts += _greeting(_running(agent, played.content, version), facts[0])
    call = services.record(
        agent.workspace_id,
        PLAYGROUND,
        secrets.token_urlsafe(16),
        facts,
        source=fold.SOCKET,
        opening=Opening(
            started_at=began,
            channel=Call.Channel.CHAT,
            level=Call.Level.TOKEN,
            agent_id=agent.pk,
            version_id=version.pk if version else None,
            trace_id=current_trace_id(),
            opened_by_id=opened_by_id,
        ),
    )
    return PlaygroundChat.objects.create(
        workspace_id=agent.workspace_id,
        call=call,
        content=played.content,
        number=version.number if version else None,
        revision=played.revision,
        source=source,
        turn=turns[-1].n if turns else None,
        tools=tools,
    )


def _running(agent: Agent, told: dict[str, Any], version: AgentVersion | None) -> RunningAgent:
    return as_told(
        agent, told, version_id=version.pk if version else None, version=version.number if version else None
    )


def _greeting(agent: RunningAgent, began: CallEvent) -> list[CallEvent]:
    """What it says first, if it does: nobody is known by a number here."""
    text = fill(agent.first_message, {**agent.variables, MEMORY: ""}).strip()
    key = f"msg_{secrets.token_hex(12)}"
    return [TurnSpoken(key, began.at, "agent", text, 0, 0, n=1)] if text else []


def agent_of(call: Call) -> RunningAgent | None:
    """Who answers in it, always anew: answers given before are for callers. None: the agent is gone."""
    play = PlaygroundChat.objects.select_related("call__agent__workspace", "call__version").get(call=call)
    agent = play.call.agent
    if agent is None:
        return None
    # A field that versions have since then is as it would be had nobody written anything in it.
    told = content.of(None) | play.content
    return replace(_running(agent, told, play.call.version), cache_seconds=0)
