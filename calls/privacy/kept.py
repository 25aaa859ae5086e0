"""What calls hold that is kept for a time of its own (accounts/retention.py), and how it is taken away.

Nothing under legal hold goes. Whatever is told of a call after its words or numbers went is not taken in, so
they do not come back (calls/services.py).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.retention import Remover, register
from calls import parts, recordings
from calls.insights import tallies
from calls.models import (
    PLAYGROUND,
    Call,
    CallQuerySet,
    Digest,
    Embedding,
    Event,
    Note,
    Recording,
    Score,
    SearchText,
    Turn,
)
from calls.privacy import holds, removing
from calls.search import spelling
from platforms.events import CallAnalyzed, CallStarted, CallTransferred
from streaming.log import forget

# Turns are long rows: so few calls in one transaction.
CALLS_AT_ONCE = 25
# One of which nobody has told the end is over when it began so much longer ago.
ENDLESS = timedelta(days=1)


def _over(before: datetime) -> Q:
    return Q(ended_at__lt=before) | Q(ended_at=None, started_at__lt=before - ENDLESS)


def _calls(workspace_id: UUID, before: datetime) -> CallQuerySet:
    return holds.free(Call.objects.for_workspace(workspace_id).filter(_over(before)))


def _remover(
    found: Callable[[UUID, datetime], Any],
    remove: Callable[[Any, datetime], None],
    at_once: int,
    first: str = "pk",
) -> Remover:
    """Of rows that `found` finds: some of them go together, by what comes `first`."""

    def remove_some(workspace_id: UUID, before: datetime, most: int) -> int:
        rows = found(workspace_id, before)
        ids = list(rows.order_by(first).values_list("pk", flat=True)[: min(most, at_once)])
        if ids:
            with transaction.atomic():
                model = rows.model
                # Whoever puts one under hold waits for this lock; whoever was quicker is seen.
                list(model.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))
                remove(found(workspace_id, before).filter(pk__in=ids), before)
        return len(ids)

    return Remover(lambda workspace_id, before: found(workspace_id, before).count(), remove_some)


# --- Recordings -----------------------------------------------------------------------------------------


def _recordings(workspace_id: UUID, before: datetime) -> QuerySet[Recording]:
    rows = Recording.objects.for_workspace(workspace_id).filter(
        status__in=(Recording.Status.KEPT, Recording.Status.WAITING, Recording.Status.MISSING)
    )
    return rows.filter(call__in=_calls(workspace_id, before).values("pk"))


def _remove_recordings(rows: QuerySet[Recording], before: datetime) -> None:
    days = (timezone.now() - before).days
    for recording in rows:
        recordings.remove(recording, f"Recordings are kept for {days} {'day' if days == 1 else 'days'} here.")


# --- Words ----------------------------------------------------------------------------------------------


def _spoken(workspace_id: UUID, before: datetime) -> CallQuerySet:
    return _calls(workspace_id, before).real().filter(words_removed_at=None)


def _remove_words(calls: CallQuerySet, before: datetime) -> None:
    """When who spoke, how long and how well it went stays; what was said goes, and what was told us of it."""
    calls = _pinned(calls)
    tallies.seal(calls)
    ids = [call.pk for call in calls]
    said = removing.words_in(calls)
    Turn.objects.filter(call__in=ids).update(text="", words=[], stream=[], heard=None, tool_arguments=None)
    Event.objects.filter(call__in=ids).filter(~Q(turn="") | Q(kind=CallAnalyzed.__name__)).delete()
    for model in (Embedding, SearchText, Digest):
        model.objects.filter(call__in=ids).delete()
    for score in Score.objects.filter(call__in=ids):
        score.checks = [check | {"reason": ""} for check in score.checks]
        score.save(update_fields=["checks"])
    now = timezone.now()
    Call.objects.filter(pk__in=ids).update(
        summary="", title="", words_removed_at=now, embedded_at=now, judged_at=now, revision=F("revision") + 1
    )
    for call in calls:
        forget(parts.topic(call))
    for workspace_id in {call.workspace_id for call in calls}:  # last: it keeps others from learning words
        spelling.forget(workspace_id, said)


# --- Numbers --------------------------------------------------------------------------------------------


def _numbered(workspace_id: UUID, before: datetime) -> CallQuerySet:
    any_number = ~Q(from_number="") | ~Q(to_number="") | ~Q(transfer_to="")
    return _calls(workspace_id, before).filter(any_number, numbers_removed_at=None)


def _remove_numbers(calls: CallQuerySet, before: datetime) -> None:
    calls = _pinned(calls)
    ids = [call.pk for call in calls]
    told = Event.objects.filter(call__in=ids, kind__in=(CallStarted.__name__, CallTransferred.__name__))
    for event in told:
        event.data |= {name: "" for name in ("from_number", "to_number", "to") if name in event.data}
        event.save(update_fields=["data"])
    Call.objects.filter(pk__in=ids).update(
        from_number="",
        to_number="",
        transfer_to="",
        numbers_removed_at=timezone.now(),
        revision=F("revision") + 1,
    )
    for call in calls:
        forget(parts.topic(call))


def _pinned(calls: CallQuerySet) -> CallQuerySet:
    """The same calls, whatever is changed about them now."""
    return Call.objects.filter(pk__in=list(calls.values_list("pk", flat=True)))


# --- Notes, and calls whole -----------------------------------------------------------------------------


def _notes(workspace_id: UUID, before: datetime) -> QuerySet[Note]:
    """Threads that nobody has added to since, by their notes."""
    old = Note.objects.for_workspace(workspace_id).filter(created_at__lt=before)
    newer = Note.objects.filter(answers=OuterRef("pk"), created_at__gte=before)
    held = Call.objects.for_workspace(workspace_id).exclude(
        pk__in=holds.free(Call.objects.for_workspace(workspace_id)).values("pk")
    )
    return old.filter(~Exists(newer)).exclude(call__in=held)


def _remove_notes(notes: QuerySet[Note], before: datetime) -> None:
    Note.objects.filter(pk__in=list(notes.values_list("pk", flat=True))).delete()


def _whole(workspace_id: UUID, before: datetime) -> CallQuerySet:
    return _calls(workspace_id, before).real()


def _tries(workspace_id: UUID, before: datetime) -> CallQuerySet:
    return _calls(workspace_id, before).filter(platform=PLAYGROUND)


def _remove_calls(calls: CallQuerySet, before: datetime) -> None:
    calls = _pinned(calls)
    tallies.seal(calls.real())
    for workspace_id in set(calls.values_list("workspace_id", flat=True)):
        # The timetable comes by every few minutes: an export would never be there for its day.
        removing.remove(workspace_id, list(calls.values_list("pk", flat=True)), copies=False)


def register_all() -> None:
    register("recordings", _remover(_recordings, _remove_recordings, CALLS_AT_ONCE))
    # Those whose words or numbers went stay: by when they ended, as the indexes of the others have it.
    register("words", _remover(_spoken, _remove_words, CALLS_AT_ONCE, "ended_at"))
    register("numbers", _remover(_numbered, _remove_numbers, CALLS_AT_ONCE, "ended_at"))
    register("notes", _remover(_notes, _remove_notes, 200))
    register("calls", _remover(_whole, _remove_calls, removing.TOGETHER))
    register("playground", _remover(_tries, _remove_calls, removing.TOGETHER))
