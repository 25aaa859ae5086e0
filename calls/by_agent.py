"""How each agent of a workspace does: what the list of agents shows beside their names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, Sum
from django.utils import timezone

from agents.models import ModelCall
from agents.testing.checks import FEATURE as TESTS
from base.ids import first_uuid7
from calls import figures
from calls.figures import Replies
from calls.models import PLAYGROUND, Call

PERIOD = timedelta(days=1)
_TALK = ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField())


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """Of the last day, but for `live`, which is now."""

    agent_id: UUID
    live: int = 0
    ended: int = 0
    without_person: int = 0  # of those that ended
    talk_ms: int = 0
    cost_usd: Decimal = Decimal(0)  # what the platform and the models cost
    replies: Replies = field(default_factory=Replies)

    @property
    def cost_per_minute_usd(self) -> Decimal | None:
        """None until there is a minute to speak of."""
        return self.cost_usd * 60_000 / self.talk_ms if self.talk_ms >= 60_000 else None


def by_agent(workspace_id: UUID) -> list[AgentFigures]:
    """Agents without a call in the period are left out."""
    since = timezone.now() - PERIOD
    rows = Call.objects.for_workspace(workspace_id).real().exclude(agent=None).order_by()
    live = _by_agent(rows.live().values("agent_id").annotate(n=Count("id")))
    ended = _by_agent(
        rows.filter(started_at__gte=since, ended_at__isnull=False)
        .values("agent_id")
        .annotate(
            n=Count("id"), alone=Count("id", filter=Q(transfer="")), cost=Sum("cost_usd"), talk=Sum(_TALK)
        )
    )
    asked = ModelCall.objects.for_workspace(workspace_id).filter(
        id__gte=first_uuid7(round(since.timestamp() * 1_000)), agent__isnull=False
    )
    # What it costs to try an agent out is no cost of its calls.
    asked = asked.exclude(feature__in=(PLAYGROUND, TESTS))
    models = _by_agent(asked.order_by().values("agent_id").annotate(cost=Sum("cost_usd")))
    replies = figures.replies_by_agent(workspace_id, since)
    return [
        _figures(
            agent_id, live.get(agent_id), ended.get(agent_id), models.get(agent_id), replies.get(agent_id)
        )
        for agent_id in sorted({*live, *ended})
    ]


def _figures(agent_id: UUID, live: Any, ended: Any, models: Any, replies: Replies | None) -> AgentFigures:
    return AgentFigures(
        agent_id=agent_id,
        live=live["n"] if live else 0,
        ended=ended["n"] if ended else 0,
        without_person=ended["alone"] if ended else 0,
        talk_ms=round(ended["talk"].total_seconds() * 1_000) if ended else 0,
        cost_usd=(ended["cost"] if ended else Decimal(0)) + (models["cost"] if models else Decimal(0)),
        replies=replies or Replies(),
    )


def _by_agent(rows: Any) -> Mapping[UUID, Any]:
    return {row["agent_id"]: row for row in rows}
