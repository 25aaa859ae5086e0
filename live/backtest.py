"""Which of the last calls rules would have fired on: the same fold over the same record as on live calls."""

import time
from collections import defaultdict
from collections.abc import Sequence
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
TOGETHER = 20  # calls whose record is in memory at once
LONGEST_S = 10.0  # what was not looked at by then is left out


@dataclass(frozen=True, slots=True)
class Backtest:
    calls: int  # that were looked at
    fired: list[tuple[Call, Firing]] = field(default_factory=list)  # the newest call first


def backtest(
    workspace_id: UUID,
    agent_id: UUID,
    rules: list[dict[str, Any]],
    last: int = 100,
    *,
    seconds: float = LONGEST_S,
) -> Backtest:
    """Over the agent's last calls that have ended, as many as `seconds` allow. Faulty rules, and those
    that are off, fire never."""
    until = time.monotonic() + seconds
    rows = Call.objects.for_workspace(workspace_id).real()
    ended = rows.filter(agent_id=agent_id).exclude(ended_at=None)
    calls = list(ended.select_related("version", "agent").order_by("-started_at", "-id")[: min(last, MOST)])
    live = (
        Agent.objects.for_workspace(workspace_id).select_related("live_version").filter(pk=agent_id).first()
    )
    now = live.live_version.language if live and live.live_version else ""
    followed = form.parsed(rules)
    fired: list[tuple[Call, Firing]] = []
    for first in range(0, len(calls), TOGETHER):
        together = calls[first : first + TOGETHER]
        told, costs = _record(together)
        for number, call in enumerate(together, first):
            if time.monotonic() >= until:
                return Backtest(number, fired)
            language = call.version.language if call.version else now
            following = Follow(followed, happenings.facts_of(call, language))
            following.take(happenings.happenings(call, told[call.pk], costs[call.pk]))
            fired += [(call, firing) for firing in following.firings(call.duration_ms or 0)]
    return Backtest(len(calls), fired)


def _record(calls: Sequence[Call]) -> tuple[dict[UUID, list[Told]], dict[UUID, list[Cost]]]:
    told: dict[UUID, list[Told]] = defaultdict(list)
    for one in happenings.told_of(Event.objects.filter(call__in=calls)):
        told[one.call_id].append(one)
    costs: dict[UUID, list[Cost]] = defaultdict(list)
    for cost in happenings.costs_of([call.pk for call in calls]):
        costs[cost.call_id].append(cost)
    return told, costs
