"""A call among the others: what it is listed by, and which stand next to it."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from calls.models import PLAYGROUND, Call
from calls.wording import Outcome

LIVE = Outcome("Live", "live", "wave")


def _before(calls: QuerySet, at: datetime, pk: UUID) -> QuerySet:
    return calls.filter(Q(started_at__lt=at) | Q(started_at=at, pk__lt=pk)).order_by("-started_at", "-id")


def _after(calls: QuerySet, at: datetime, pk: UUID) -> QuerySet:
    return calls.filter(Q(started_at__gt=at) | Q(started_at=at, pk__gt=pk)).order_by("started_at", "id")


def neighbours(call: Call) -> tuple[UUID | None, UUID | None]:
    """The next newer and the next older call; of a live call, among those that are live."""
    calls = Call.objects.for_workspace(call.workspace_id)
    calls = calls.real() if call.is_real else calls.filter(platform=PLAYGROUND)
    ids = (calls.live() if call.ended_at is None else calls).values_list("pk", flat=True)
    return _after(ids, call.started_at, call.pk).first(), _before(ids, call.started_at, call.pk).first()
