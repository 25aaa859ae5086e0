"""What calls sounded like: told of by platforms, fetched once, kept with us, played to those who may hear it.

hear_of()        calls/services.py, in the transaction that takes the facts in
fetch()          fetching.py, by the timetable (tasks.py)
views.py, api.py to whoever may see the words: a recording is never reached by a public address
remove()         for retention and for people who ask
"""

from collections.abc import Sequence
from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from calls.models import Call, Recording
from platforms.events import CallRecorded

Status = Recording.Status


def hear_of(call: Call, told: Sequence[CallRecorded]) -> None:
    """Have the recording a platform tells of fetched: the call is locked.

    One that could not be had is tried again at a new address. One we have, or had, stays as it is.
    """
    if not told:
        return
    best = max(told, key=lambda event: (event.split, event.at, event.key))
    channels = 2 if best.split else 1
    recording, is_new = Recording.objects.get_or_create(
        call=call,
        defaults={
            "workspace_id": call.workspace_id,
            "source": best.url,
            "channels": channels,
            "fetch_after": timezone.now(),
        },
    )
    is_open = recording.status in (Status.WAITING, Status.MISSING)
    if is_new or not is_open or recording.channels > channels or recording.source == best.url:
        return
    # With a newer signature, or better. Whoever is fetching from the old address finds that it has changed.
    Recording.objects.filter(pk=recording.pk, status=recording.status).update(
        source=best.url,
        channels=channels,
        status=Status.WAITING,
        reason="",
        tries=0,
        fetch_after=timezone.now(),
    )


def place_of(recording: Recording) -> str:
    """Where its file is in the storage, or would be: whatever was begun there can always be taken away."""
    return f"recordings/{recording.workspace_id}/{recording.call_id}"


def remove(recording: Recording, reason: str) -> None:
    """Take its file away for good, and keep why, for people: "Kept 30 days". If the storage is away this
    raises, and nothing is changed; to take away again what is gone already does no harm."""
    default_storage.delete(place_of(recording))
    Recording.objects.filter(pk=recording.pk).update(
        status=Status.REMOVED,
        reason=reason[:200],
        removed_at=timezone.now(),
        source="",
        file="",
        size=0,
        peaks=[],
        fetch_after=None,
    )
    recording.refresh_from_db()


@receiver(post_delete, sender=Recording, dispatch_uid="calls.recordings")
def _gone(instance: Recording, **_signal) -> None:
    """With its call, or its workspace, the file goes too. The row is gone by then: a storage that is away is
    logged, and stops nobody."""
    transaction.on_commit(partial(default_storage.delete, place_of(instance)), robust=True)
