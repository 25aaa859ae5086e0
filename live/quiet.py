"""Calls that are followed by webhooks, once nobody tells of them any more: a webhook may be lost for good.

A call whose socket we hold is no concern of this: live/watch.py knows by its lease whether anybody is there.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from calls.models import Call, Event

QUIET = timedelta(minutes=15)  # without news, and between one asking and the next
HOPELESS = timedelta(hours=24)


class Quiet:
    """Which of them are to be asked about now, and which to be given up. Knows whom it has named lately; one
    that is made anew names them all again."""

    def __init__(self) -> None:
        self._named: dict[UUID, datetime] = {}

    def due(self) -> tuple[list[Call], list[Call]]:
        """(those to ask about, those to give up). Each has `heard_at`, when it was last told of."""
        now = timezone.now()
        quiet = list(_unheard(now - QUIET))
        hopeless = [call for call in quiet if call.heard_at < now - HOPELESS]
        lately = {call_id for call_id, at in self._named.items() if at > now - QUIET}
        due = [call for call in quiet if call not in hopeless and call.pk not in lately]
        self._named = {call.pk: self._named[call.pk] if call.pk in lately else now for call in quiet}
        return due, hopeless


def _unheard(since: datetime):
    newest = Event.objects.filter(call=OuterRef("pk")).order_by("-created_at").values("created_at")[:1]
    heard_at = Greatest(Coalesce(Subquery(newest), F("created_at")), F("started_at"))
    followed = Call.objects.live().exclude(level=Call.Level.TOKEN)
    return followed.annotate(heard_at=heard_at).filter(heard_at__lt=since)
