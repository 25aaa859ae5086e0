"""Chats nobody goes on with: they end, as of their last word, and begin again with the next one."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from calls import fold, services
from calls.models import Call
from calls.services import Opening
from live.chat.record import PLATFORMS
from live.locks import hold_briefly
from platforms.events import CallEnded

IDLE = timedelta(minutes=15)


def idle(after: timedelta = IDLE) -> list[Call]:
    """Those that go on, as far as the record knows, and have not been told of for so long. In a thread.

    What our own reader makes of a chat is no word of it.
    """
    at = Max("events__created_at", filter=~Q(events__source=fold.READER))
    heard = Call.objects.live().filter(platform__in=PLATFORMS).annotate(heard_at=at)
    return list(heard.filter(heard_at__lt=timezone.now() - after))


@transaction.atomic
def end(call: Call, after: timedelta = IDLE) -> bool:
    """End one, unless it has gone on meanwhile. True if it was us. In a thread."""
    hold_briefly()
    held = Call.objects.select_for_update(of=("self",)).get(pk=call.pk)
    heard_at = held.events.exclude(source=fold.READER).aggregate(at=Max("created_at"))["at"]
    if held.ended_at or heard_at is None or heard_at >= timezone.now() - after:
        return False
    services.record(
        held.workspace_id,
        held.platform,
        held.platform_call_id,
        [CallEnded(at=heard_at, reason="idle")],
        source=fold.WATCH,
        opening=Opening(started_at=held.started_at),
    )
    return True
