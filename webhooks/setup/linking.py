"""Agents of the platform that nobody has said yet which agent of ours they are."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max

from accounts import audit
from agents.models import Agent
from calls.models import Call
from calls.services import link_agent
from platforms.models import Connection
from platforms.services import Actor

_MOST_LISTED = 50


class AlreadyLinked(Exception):
    """Our agent is another one at the platform already; one of ours is one of theirs."""


class AlreadyOurs(Exception):
    """The platform's agent is another one of ours: somebody said so meanwhile. `args[0]` is that agent."""


@dataclass(frozen=True, slots=True)
class Unknown:
    platform_agent_id: str
    calls: int
    last_at: datetime


def unknown(connection: Connection) -> list[Unknown]:
    """The platform's agents on calls without one of ours, the last heard of first; at most 50."""
    waiting = Call.objects.for_workspace(connection.workspace_id).filter(connection=connection, agent=None)
    rows = waiting.exclude(platform_agent_id="").values("platform_agent_id")
    rows = rows.annotate(calls=Count("pk"), last_at=Max("started_at")).order_by("-last_at")
    return [Unknown(row["platform_agent_id"], row["calls"], row["last_at"]) for row in rows[:_MOST_LISTED]]


@transaction.atomic
def link(connection: Connection, platform_agent_id: str, agent: Agent, *, by: Actor) -> int:
    """`agent` is the platform's `platform_agent_id` from now on. How many waiting calls it was given.

    Raises AlreadyLinked and AlreadyOurs.
    """
    # Two people may link the same at once. Deliveries that come meanwhile do not wait for them.
    Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    row = Agent.objects.select_for_update().get(pk=agent.pk)
    theirs = (connection.pk, platform_agent_id)
    is_linked = row.connection_id and row.platform_agent_id
    if is_linked and (row.connection_id, row.platform_agent_id) != theirs:
        raise AlreadyLinked
    other = connection.agents.filter(platform_agent_id=platform_agent_id).exclude(pk=row.pk).first()
    if other:
        raise AlreadyOurs(other)
    row.connection, row.platform_agent_id = connection, platform_agent_id
    row.save(update_fields=["connection", "platform_agent_id"])
    linked = link_agent(connection.workspace_id, connection.pk, platform_agent_id, row)
    audit.note(
        "agent.link",
        workspace=connection.workspace_id,
        actor=by,
        target=f"agent:{row.pk}",
        detail={"connection": str(connection.pk), "calls": linked},
    )
    return linked


@transaction.atomic
def link_new(connection: Connection, platform_agent_id: str, name: str, *, by: Actor) -> int:
    """The same, with a new agent of that name, which has no version yet."""
    agent = Agent.objects.create(workspace_id=connection.workspace_id, name=name)
    audit.note("agent.create", workspace=connection.workspace_id, actor=by, target=f"agent:{agent.pk}")
    return link(connection, platform_agent_id, agent, by=by)
