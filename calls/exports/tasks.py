"""Exports by the timetable: making them on, and removing those of yesterday."""

from uuid import UUID

from celery import shared_task

from base import slow
from calls import exports
from calls.exports import making

PAUSE_SECONDS = 1  # between parts that have no place of their own


@shared_task(acks_late=True, ignore_result=True)
def make(export_id: str) -> None:
    """Some of an export; the rest is asked for anew, behind what else waits. Somebody looks on, so it goes on
    where slow work has no place left, a part at a time."""
    with slow.place() as ours:
        more = making.go_on(UUID(export_id), is_slow=ours)
    if more:
        make.apply_async((export_id,), countdown=0 if ours else PAUSE_SECONDS)


@shared_task(ignore_result=True)
def go_on() -> None:
    """Those whose message was lost, or whose worker died."""
    for export_id in making.waiting():
        make.delay(str(export_id))


@shared_task(ignore_result=True, slow=0)
def remove_old() -> None:
    """A task of its own: a storage that hangs holds up none that are being made."""
    exports.remove_old()
