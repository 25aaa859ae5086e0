"""Everything the page shows of what was asked, read in a few queries."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from agents.models import AgentVersion
from calls.insights import sums
from calls.insights.asked import BEFORE, Asked, narrowed
from calls.insights.sums import Key, Part, Sums
from calls.models import TallyMark

Parts = dict[tuple[str, str], dict[int, Part]]  # (kind, name) → piece of the period → what it comes to


@dataclass(frozen=True, slots=True)
class OfVersion:
    """A version's calls of the period."""

    agent: UUID | None
    agent_name: str
    number: int | None
    sums: Sums


@dataclass(frozen=True)
class Report:
    asked: Asked
    total: Sums
    then: Sums | None  # what it is compared with
    pieces: list[Sums]  # of the period, those that have begun
    versions: list[OfVersion]
    parts: Parts
    waiting: int  # hours of it that are still to be added up


def report(workspace_id: UUID, asked: Asked) -> Report:
    period = asked.period
    begun = [start for start in period.starts if start <= timezone.now()] or period.starts[:1]
    bounds = [*begun, period.starts[len(begun)] if len(begun) < len(period.starts) else period.end]
    # The days before are the first slot; what follows them until the period begins is the second.
    ahead = list(period.before) if asked.compare == BEFORE else []
    which = asked.narrowed(workspace_id)
    found = sums.sums(workspace_id, [*ahead, *bounds], which, by=("agent", "version"))
    within = {key: one for key, one in found.items() if key.slot >= len(ahead)}
    pieces = [
        sums.total(one for key, one in within.items() if key.slot == at + len(ahead))
        for at in range(len(begun))
    ]
    then = None
    if ahead:
        then = sums.total(one for key, one in found.items() if key.slot == 0)
    elif asked.other:
        then = of_version(workspace_id, asked)
    return Report(
        asked=asked,
        total=sums.total(pieces),
        then=then,
        pieces=pieces,
        versions=_versions(within),
        parts=sums.parts(workspace_id, bounds, which),
        waiting=TallyMark.objects.for_workspace(workspace_id)
        .filter(changed_at__isnull=False, hour__gte=bounds[0], hour__lt=bounds[-1], is_sealed=False)
        .count(),
    )


def of_version(workspace_id: UUID, asked: Asked) -> Sums:
    """The same days and calls, but of the other version."""
    but = asked.filters.without("agent").without("version")
    which = narrowed(but, workspace_id) & Q(version_id=asked.other)
    found = sums.sums(workspace_id, [asked.period.start, asked.period.end], which)
    return sums.total(found.values())


def _versions(found: dict[Key, Sums]) -> list[OfVersion]:
    """By agent, newest first. Calls whose version nobody knows stand together, last."""
    by_version: dict[UUID | None, Sums] = {}
    for key, one in found.items():
        by_version.setdefault(key.version, Sums()).add(one)
    known = {
        pk: (agent, name, number)
        for pk, agent, name, number in AgentVersion.objects.filter(
            pk__in=[pk for pk in by_version if pk]
        ).values_list("pk", "agent_id", "agent__name", "number")
    }
    versions = [
        OfVersion(*known.get(pk, (None, "", None)), one) if pk else OfVersion(None, "", None, one)
        for pk, one in by_version.items()
    ]
    return sorted(versions, key=lambda one: (one.number is None, one.agent_name, -(one.number or 0)))
