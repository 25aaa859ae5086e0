"""How often each escalation rule fired: what the editor of an agent shows beside its rules."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import CharField, Count, F, Func, Value
from django.utils import timezone

from calls.models import PLAYGROUND, Call

PERIOD = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """Of calls that began in the last seven days."""

    rule: str  # its id
    hits: int
    calls: int  # in which it fired


class _Alert(Func):
    function = "jsonb_array_elements"
    set_returning = True


def by_rule(workspace_id: UUID, agent_id: UUID) -> list[RuleFigures]:
    """By id. Rules that did not fire are left out."""
    rule = Func(
        _Alert(F("alerts")), Value("rule"), function="jsonb_extract_path_text", output_field=CharField()
    )
    rows = (
        Call.objects.for_workspace(workspace_id)
        .filter(agent_id=agent_id, started_at__gte=timezone.now() - PERIOD)
        .exclude(alerts=[])
        .exclude(platform=PLAYGROUND)
        .order_by()
        .annotate(rule=rule)
        .values("rule")
        .annotate(hits=Count("*"), calls=Count("id", distinct=True))
    )
    found = [RuleFigures(row["rule"], row["hits"], row["calls"]) for row in rows]
    return sorted(found, key=lambda one: one.rule)
