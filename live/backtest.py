"""Which of the last calls rules would have fired on: the same fold over the same record as on live calls."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from agents.models import Agent
from agents.rules import form
from agents.rules.fold import Firing
from agents.rules.follow import Follow
from calls.models import Call, Event
from live import happenings
from live.happenings import Cost, Told

MOST = 500


@dataclass(frozen=True, slots=True)
class Backtest:
    calls: int  # that were looked at
    fired: list[tuple[Call, Firing]] = field(default_factory=list)  # the newest call first


def backtest(workspace_id: UUID, agent_id: UUID, rules: list[dict[str, Any]], last: int = 100) -> Backtest:
    """Over the agent's last calls that have ended. Faulty rules, and those that are off, fire never."""
    ended = Call.objects.for_workspace(workspace_id).filter(agent_id=agent_id).exclude(ended_at=None)
    calls = list(ended.select_related("version", "agent").order_by("-started_at", "-id")[: min(last, MOST)])
    told: dict[UUID, list[Told]] = defaultdict(list)
    for one in happenings.told_of(Event.objects.filter(call__in=calls)):
        told[one.call_id].append(one)
    costs: dict[UUID, list[Cost]] = defaultdict(list)
    for cost in happenings.costs_of([call.pk for call in calls]):
        costs[cost.call_id].append(cost)
    live = (
        Agent.objects.for_workspace(workspace_id).select_related("live_version").filter(pk=agent_id).first()
    )
    now = live.live_version.language if live and live.live_version else ""
    followed, fired = form.parsed(rules), []
    for call in calls:
        language = call.version.language if call.version else now
        following = Follow(followed, happenings.facts_of(call, language))
        following.take(happenings.happenings(call, told[call.pk], costs[call.pk]))
        fired += [(call, firing) for firing in following.firings(call.duration_ms or 0)]
    return Backtest(len(calls), fired)
