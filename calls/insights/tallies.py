"""Keeping the tallies true: an hour whose calls have changed is marked, and added up anew, whole.

Whoever changes a call that has ended marks it in the same transaction. A mark is one row that both sides
lock, so none is lost: either the change is seen by whoever adds up, or it is marked again after that.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, Min, QuerySet
from django.db.models.functions import TruncHour
from django.utils import timezone

from calls.insights import counting
from calls.insights.counting import HOUR
from calls.models import Call, Tally, TallyMark

_PIECE = timedelta(days=7)  # of the past, added up at once
_AGAIN = timedelta(days=3)  # what is looked at again every night
# One adds up in a workspace at a time: two would each add what the other has.
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))"


def hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def mark(call: Call) -> None:
    """What the call comes to has changed, or is about to: its hour is added up again."""
    if call.is_real:
        _mark(call.workspace_id, [hour_of(call.started_at)])


def mark_all(calls: "QuerySet[Call]") -> None:
    """The same of many calls, before they change or go."""
    hours = calls.order_by().annotate(hour=TruncHour("started_at", tzinfo=UTC))
    by_workspace: dict[UUID, set[datetime]] = {}
    for workspace_id, hour in hours.values_list("workspace_id", "hour").distinct():
        by_workspace.setdefault(workspace_id, set()).add(hour)
    for workspace_id in sorted(by_workspace):
        _mark(workspace_id, by_workspace[workspace_id])


def seal(calls: "QuerySet[Call]") -> None:
    """Retention is about to take these away, or what was said in them. What they came to stays: it names
    nobody. Their hours are added up for the last time."""
    hours = calls.order_by().annotate(hour=TruncHour("started_at", tzinfo=UTC))
    for workspace_id, hour in sorted(hours.values_list("workspace_id", "hour").distinct()):
        with transaction.atomic():
            _alone(workspace_id)
            if TallyMark.objects.filter(workspace_id=workspace_id, hour=hour, is_sealed=True).exists():
                continue
            counting.count(workspace_id, hour, hour + HOUR)
            TallyMark.objects.update_or_create(
                workspace_id=workspace_id, hour=hour, defaults={"changed_at": None, "is_sealed": True}
            )


def settle(seconds: float) -> int:
    """Add up the hours that were marked, the last first, for about so long; says how many. What is left, of a
    long past, is found the next time."""
    enough, settled = time.monotonic() + seconds, 0
    while time.monotonic() < enough and _settle_one():
        settled += 1
    return settled


def look_again() -> None:
    """Mark the last days: what was written beside calls when they were over, and calls that moved."""
    since = timezone.now() - _AGAIN
    mark_all(Call.objects.filter(started_at__gte=since, ended_at__isnull=False).real())
    for workspace_id, hour in (
        Tally.objects.filter(hours=1, hour__gte=since).values_list("workspace_id", "hour").distinct()
    ):
        _mark(workspace_id, [hour])


def rebuild(workspace_id: UUID, since: datetime | None = None) -> Iterator[tuple[datetime, int]]:
    """Add up all of a workspace's past, or what began since, a week at a time and as fast as that goes;
    yields until when it has come, and how many calls that were. Sealed hours stay as they are."""
    span = counting.ended(workspace_id).aggregate(first=Min("started_at"), last=Max("started_at"))
    kept = (
        Tally.objects.for_workspace(workspace_id)
        .filter(hours=1)
        .aggregate(first=Min("hour"), last=Max("hour"))
    )
    firsts = [one for one in (span["first"], kept["first"]) if one]
    if not firsts:
        return
    at = hour_of(max(min(firsts), since or min(firsts)))
    end = hour_of(max(one for one in (span["last"], kept["last"]) if one)) + HOUR
    while at < end:
        until = min(at + _PIECE, end)
        yield until, sum(_again(workspace_id, *piece) for piece in _but_sealed(workspace_id, at, until))
        at = until


def _but_sealed(workspace_id: UUID, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    sealed = TallyMark.objects.filter(
        workspace_id=workspace_id, is_sealed=True, hour__gte=since, hour__lt=until
    )
    for hour in sealed.order_by("hour").values_list("hour", flat=True):
        if since < hour:
            yield since, hour
        since = hour + HOUR
    if since < until:
        yield since, until


@transaction.atomic
def _again(workspace_id: UUID, since: datetime, until: datetime) -> int:
    _alone(workspace_id)
    marked = TallyMark.objects.filter(
        workspace_id=workspace_id, is_sealed=False, hour__gte=since, hour__lt=until
    )
    marked.delete()
    return counting.count(workspace_id, since, until)


def _settle_one() -> bool:
    waiting = TallyMark.objects.filter(changed_at__isnull=False)
    one = waiting.order_by("-changed_at").first()
    if one is None:
        return False
    with transaction.atomic():
        _alone(one.workspace_id)
        # Whoever marks it in this moment is waited for, so that what they have changed is seen.
        if waiting.select_for_update().filter(pk=one.pk).first() is None:
            return True
        if one.is_sealed:
            waiting.filter(pk=one.pk).update(changed_at=None)
        else:
            waiting.filter(pk=one.pk).delete()
            counting.count(one.workspace_id, one.hour, one.hour + HOUR)
    return True


def _alone(workspace_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ALONE, [str(workspace_id)])


def _mark(workspace_id: UUID, hours: Iterable[datetime]) -> None:
    now = timezone.now()
    TallyMark.objects.bulk_create(
        [TallyMark(workspace_id=workspace_id, hour=hour, changed_at=now) for hour in sorted(hours)],
        update_conflicts=True,
        unique_fields=["workspace", "hour"],
        update_fields=["changed_at"],
    )
