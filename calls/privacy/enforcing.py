"""Retention: what a workspace has kept for longer than it wants to, each room removes in pieces."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from accounts import audit
from accounts.models import Privacy
from accounts.retention import BY_NAME, LONGEST_DAYS, PARTS, Part, removers
from base.errors import Faulty
from calls import points

logger = logging.getLogger(__name__)

PIECE = 200  # rows in one transaction
HAVE_POINTS = {"words", "calls"}  # parts of which points of the search may be left over


@dataclass(frozen=True, slots=True)
class Did:
    """What was removed, or would be, of one part of one workspace."""

    workspace_id: UUID
    part: Part
    count: int


def days_of(workspace_id: UUID) -> dict[str, int]:
    """How long each part is kept, by name; what is not there is kept for ever."""
    kept = Privacy.objects.for_workspace(workspace_id).values_list("retention", flat=True).first() or {}
    return {name: days for name, days in kept.items() if name in BY_NAME}


def set_days(workspace_id: UUID, days: dict[str, int | None], *, by: UUID | None) -> None:
    """Keep each of these parts for so many days; None: for ever. Raises Faulty."""
    faults = {
        name: f"Give {BY_NAME[name].least_days} to {LONGEST_DAYS:,} days, or none to keep them."
        if name in BY_NAME
        else "There is no such part."
        for name, many in days.items()
        if name not in BY_NAME or (many is not None and not BY_NAME[name].least_days <= many <= LONGEST_DAYS)
    }
    if faults:
        raise Faulty(faults)
    privacy, _ = Privacy.objects.get_or_create(workspace_id=workspace_id)
    wanted = {name: many for name, many in {**privacy.retention, **days}.items() if many is not None}
    if wanted != privacy.retention:
        privacy.retention = wanted
        privacy.save(update_fields=["retention"])
        audit.note("retention.change", workspace=workspace_id, actor=by, detail=wanted)


def would_remove(workspace_id: UUID, days: dict[str, int | None]) -> dict[str, int]:
    """How much of each part would go at once if it were kept so long."""
    now = timezone.now()
    return {
        name: _count(workspace_id, name, now - timedelta(days=many))
        for name, many in days.items()
        if many is not None
    }


def _count(workspace_id: UUID, part: str, before: datetime) -> int:
    return sum(remover.count(workspace_id, before) for remover in removers(part))


def enforce(*, seconds: float | None = None, dry_run: bool = False) -> Iterator[Did]:
    """Remove what is too old, and say what went of each part, workspace by workspace. `seconds`: about how
    long at most; what is left is found the next time. `dry_run` only counts. A part whose files cannot be
    removed now is left for the next time, too; Redis and the database raise."""
    enough = None if seconds is None else time.monotonic() + seconds
    for privacy in Privacy.objects.exclude(retention={}).order_by("?"):
        for part in PARTS:
            days = privacy.retention.get(part.name)
            if days is None:
                continue
            before = timezone.now() - timedelta(days=days)
            try:
                if dry_run:
                    count = _count(privacy.workspace_id, part.name, before)
                else:
                    count = _remove(privacy.workspace_id, part.name, before, enough)
            except OSError as error:
                told = privacy.workspace_id, part.many, type(error).__name__
                logger.warning("retention, workspace %s: %s cannot be removed now: %s", *told)
                continue
            if count:
                yield Did(privacy.workspace_id, part, count)
            if enough is not None and time.monotonic() >= enough:
                return


def _remove(workspace_id: UUID, part: str, before: datetime, enough: float | None) -> int:
    total = 0
    for went in _pieces(workspace_id, part, before):
        total += went
        if enough is not None and time.monotonic() >= enough:
            break
    if total and part in HAVE_POINTS:
        points.sweep(workspace_id)
    return total


def _pieces(workspace_id: UUID, part: str, before: datetime) -> Iterator[int]:
    for remover in removers(part):
        while went := remover.remove(workspace_id, before, PIECE):
            yield went
