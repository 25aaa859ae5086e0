"""Publishing an agent, and finding the one that answers at a voice address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from agents import registry
from agents.llm.request import Message, Request, ToolSpec
from agents.llm.tools import BUILT_IN
from agents.lookup import Lookup, per_loop
from agents.models import Agent, AgentVersion, PlatformCopy, Tool, new_agent_key
from agents.rules.form import needs_model
from agents.rules.happenings import ESCALATE
from agents.signals import agent_changed
from agents.testing.digest import keep_with
from agents.variables import standing


@dataclass(frozen=True, slots=True)
class RunningAgent:
    """An agent as it answers now: plain values, safe to keep for the length of a call."""

    workspace_id: UUID
    agent_id: UUID
    name: str
    topic: str
    connection_id: UUID | None
    version_id: UUID | None  # none: it is a draft
    version: int | None
    prompt: str
    first_message: str
    voice: str
    language: str
    tier: str
    temperature: float
    tools: tuple[ToolSpec, ...]
    cache_seconds: int = 0  # how long an answer may be given again; 0: never
    call_cap_usd: Decimal | None = None  # what models may cost in one call
    chain: tuple[str, ...] = ()  # ids of models, in the order they are asked; empty: the tier's own
    variables: Mapping[str, object] = field(default_factory=dict)  # what {{name}} in its texts stands for

    def request(
        self, feature: str, messages: Sequence[Message], *, last: bool = False, **more: Any
    ) -> Request:
        """What models are asked for an answer of it. `last`: they have to speak now, without tools. `more`:
        other fields of the request."""
        return Request(
            workspace_id=self.workspace_id,
            feature=feature,
            messages=messages,
            tier=self.tier,
            chain=self.chain,
            tools=() if last else self.tools,
            temperature=self.temperature,
            agent_id=self.agent_id,
            version_id=self.version_id,
            cache_seconds=self.cache_seconds,
            call_cap_usd=self.call_cap_usd,
            **more,
        )


@transaction.atomic
def publish(agent: Agent, *, by: User | None = None, note: str = "", **fields: Any) -> AgentVersion:
    """Make the agent's next version and put it live. Fields not given stay as they were in the live version.

    `fields`: those of AgentVersion.CONTENT, and `name`.
    """
    locked = Agent.objects.select_for_update(of=("self",)).select_related("live_version").get(pk=agent.pk)
    before = locked.live_version
    kept = _content(before) if before else {}
    last = locked.versions.aggregate(last=Max("number"))["last"] or 0
    version = AgentVersion.objects.create(
        workspace_id=locked.workspace_id,
        agent=locked,
        number=last + 1,
        created_by=by,
        note=note,
        **(kept | fields),
    )
    locked.live_version = version
    locked.save(update_fields=["live_version"])
    agent.live_version = version
    keep_with(version)
    agent_changed.send(Agent, agent_id=agent.pk)
    return version


def as_told(
    agent: Agent, content: Mapping[str, Any], *, version_id: UUID | None = None, version: int | None = None
) -> RunningAgent:
    """The agent as it answers when it is told this: each field of AgentVersion.CONTENT. For a thread."""
    return RunningAgent(
        workspace_id=agent.workspace_id,
        agent_id=agent.pk,
        name=agent.name,
        topic=agent.topic,
        connection_id=agent.connection_id,
        version_id=version_id,
        version=version,
        prompt=content["prompt"],
        first_message=content["first_message"],
        voice=content["voice"],
        language=content["language"],
        tier=content["tier"],
        temperature=content["temperature"],
        tools=_tools(agent.workspace_id, _named(content["tools"], content["rules"])),
        cache_seconds=agent.cache_seconds,
        call_cap_usd=agent.call_cap_usd,
        chain=tuple(content["chain"]),
        variables=standing(agent.workspace.name, agent.name, content["variables"]),
    )


def rotate_key(agent: Agent) -> str:
    """Give the agent a new voice address. Calls under way go on; the old address stops within seconds."""
    agent.key = new_agent_key()
    agent.save(update_fields=["key"])
    agent_changed.send(Agent, agent_id=agent.pk)
    return agent.key


async def agent_by_key(key: str) -> RunningAgent | None:
    """Who answers at this voice address, at most five seconds old. None: nobody, or not published yet."""
    return await _agents().get(key)


async def agent_by_id(workspace_id: UUID, agent_id: UUID) -> RunningAgent | None:
    """This agent of this workspace, likewise."""
    return await _agents_by_id().get((workspace_id, agent_id))


async def as_it_began(agent: RunningAgent, version_id: UUID | None) -> RunningAgent:
    """The agent as a call that goes on was begun by it: what is published meanwhile is for calls after it."""
    if version_id in (None, agent.version_id):
        return agent
    return await _versions().get((agent.agent_id, version_id)) or agent


def version_there(agent_id: UUID, at: datetime) -> UUID | None:
    """The version that an agent's platform answers with by itself, if it did so then. None: it does not, or
    something else has been put there since. For a thread."""
    copies = PlatformCopy.objects.filter(agent_id=agent_id, agent__hosting=Agent.Hosting.PLATFORM)
    return copies.filter(put_at__lte=at).values_list("version_id", flat=True).first()


def _load(key: str) -> RunningAgent | None:
    agent = Agent.objects.select_related("live_version", "workspace").filter(key=key).first()
    return _running(agent, agent.live_version) if agent else None


def _load_by_id(asked: tuple[UUID, UUID]) -> RunningAgent | None:
    workspace_id, agent_id = asked
    agents = Agent.objects.for_workspace(workspace_id).select_related("live_version", "workspace")
    agent = agents.filter(pk=agent_id).first()
    return _running(agent, agent.live_version) if agent else None


def _load_version(asked: tuple[UUID, UUID]) -> RunningAgent | None:
    agent_id, version_id = asked
    versions = AgentVersion.objects.select_related("agent__workspace")
    version = versions.filter(pk=version_id, agent_id=agent_id).first()
    return _running(version.agent, version) if version else None


def _running(agent: Agent, live: AgentVersion | None) -> RunningAgent | None:
    return as_told(agent, _content(live), version_id=live.pk, version=live.number) if live else None


def _content(version: AgentVersion) -> dict[str, Any]:
    return {name: getattr(version, name) for name in AgentVersion.CONTENT}


def _named(tools: list[str], rules: list[dict[str, Any]]) -> list[str]:
    """The tools it may use: those it is given, and the one that its rules wait for."""
    return [*tools, ESCALATE] if needs_model(rules) and ESCALATE not in tools else tools


def _tools(workspace_id: UUID, names: list[str]) -> tuple[ToolSpec, ...]:
    """The named tools in their order. One that was deleted since is left out."""
    rows = Tool.objects.for_workspace(workspace_id).filter(name__in=names)
    known = {row.name: ToolSpec(row.name, row.description, row.parameters) for row in rows}
    known |= {name: tool.spec for name, tool in registry.registered().items()}
    known |= BUILT_IN
    return tuple(known[name] for name in names if name in known)


_agents = per_loop(lambda: Lookup(_load))
_agents_by_id = per_loop(lambda: Lookup(_load_by_id))
_versions = per_loop(lambda: Lookup(_load_version))
