"""How each tool does in calls: what the editor of an agent shows beside its tools."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q
from django.utils import timezone

from calls.figures import Percentile
from calls.models import PLAYGROUND, Turn

PERIOD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ToolFigures:
    """Of calls that began in the last day."""

    name: str
    calls: int  # how often it was asked and answered
    worked: int
    p95_ms: int | None


def by_tool(workspace_id: UUID, agent_id: UUID | None = None) -> list[ToolFigures]:
    """By name, in calls of all agents or of one. Tools nobody used are left out."""
    calls: dict[str, Any] = {
        "call__workspace_id": workspace_id,
        "call__started_at__gte": timezone.now() - PERIOD,
    }
    if agent_id:
        calls["call__agent_id"] = agent_id
    rows = (
        Turn.objects.for_workspace(workspace_id)
        .filter(role=Turn.Role.TOOL, tool_ok__isnull=False, **calls)
        .exclude(call__platform=PLAYGROUND)
        .order_by()
        .values("tool_name")
        .annotate(
            n=Count("id"),
            worked=Count("id", filter=Q(tool_ok=True)),
            p95=Percentile(F("end_ms") - F("start_ms"), 0.95),
        )
    )
    found = [
        ToolFigures(
            row["tool_name"], row["n"], row["worked"], None if row["p95"] is None else int(row["p95"])
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: one.name)
