"""Forgetting one caller: their calls in every room, and what is written of their number beside them.

It is asked for, done in pieces by a task, and leaves a receipt that does not say who it was. Calls under
legal hold are left. One that still goes on is waited for: whoever holds it would only write it down again.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.access import Viewer
from accounts.erasing import Caller, caller_erased, tell
from base.errors import Faulty
from calls import exports, points
from calls.insights import tallies
from calls.judging import readings
from calls.models import Call, Erasure, Export, LegalHold, Reading, SavedView
from calls.privacy import holds, numbers, removing

Status = Erasure.Status
# One that began so long ago is not waited for: nobody has told us of its end.
GOES_ON = timedelta(days=1)
SO_FAR = ("counts", "done", "about", "alive_at")  # columns: another may be at it by now
SILENT = timedelta(minutes=5)  # after this a task that says nothing is taken for dead


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a caller."""

    calls: int
    held: int
    live: int


def look(workspace_id: UUID, digits: str) -> Found:
    """What erasing a caller would be about."""
    calls = numbers.calls_of(workspace_id, digits)
    free = holds.free(calls)
    live = free.filter(_goes_on()).count()
    return Found(calls.count(), calls.count() - free.count(), live)


def _goes_on() -> Q:
    """Somebody talks. A chat is not waited for: it has no end of its own."""
    lately = timezone.now() - GOES_ON
    return Q(ended_at=None, started_at__gte=lately) & ~Q(channel=Call.Channel.CHAT)


@transaction.atomic
def ask(workspace_id: UUID, caller: str, *, by: Viewer | None) -> Erasure:
    """Have a number as somebody types it erased. Raises Faulty."""
    try:
        digits = numbers.digits_of(caller)
    except ValueError as error:
        raise Faulty({"caller": str(error)}) from error
    erasure = Erasure.objects.create(
        workspace_id=workspace_id,
        caller=digits,
        asked_by_id=by.user_id if by else None,
        about=look(workspace_id, digits).calls,
    )
    audit.note(
        "caller.erase",
        workspace=workspace_id,
        actor=by.actor_id if by else None,
        target=f"erasure:{erasure.pk}",
    )
    return erasure


def due() -> QuerySet[Erasure]:
    """Those that are to be gone on with: nobody is at them."""
    silent = timezone.now() - SILENT
    return Erasure.objects.exclude(status=Status.DONE).filter(
        Q(status=Status.WAITING) | Q(alive_at=None) | Q(alive_at__lt=silent)
    )


def claim(erasure_id: UUID) -> Erasure | None:
    """Take it on; None: somebody is at it, or it is done."""
    if not due().filter(pk=erasure_id).update(status=Status.RUNNING, alive_at=timezone.now()):
        return None
    return Erasure.objects.get(pk=erasure_id)


def go_on(erasure: Erasure) -> bool:
    """Remove some of the caller's calls and write down how far it has come. False: that is all for now, the
    erasure is done or waits for calls that go on."""
    workspace_id, digits = erasure.workspace_id, erasure.caller
    calls = numbers.calls_of(workspace_id, digits)
    free = holds.free(calls)
    some = list(free.exclude(_goes_on()).order_by("pk").values_list("pk", flat=True)[: removing.TOGETHER])
    if some:
        _remove(erasure, removing.with_tries(Call.objects.filter(pk__in=some)))
        return True
    found = look(workspace_id, digits)
    erasure.held, erasure.live = found.held, found.live
    if found.live:
        put_down(erasure)
    else:
        points.sweep(workspace_id)
        _finish(erasure)
    return False


@transaction.atomic
def _remove(erasure: Erasure, going: QuerySet[Call]) -> None:
    ids = list(going.values_list("pk", flat=True))
    removing.lock(ids)
    tallies.mark_all(going)  # their hours are counted without them from now on
    _add(erasure, removing.remove(erasure.workspace_id, ids))
    erasure.save(update_fields=SO_FAR)


def _add(erasure: Erasure, went: Counter[str]) -> None:
    erasure.counts = dict(Counter(erasure.counts) + went)
    erasure.done = erasure.counts.get("calls", 0)
    erasure.about = max(erasure.about, erasure.done)
    erasure.alive_at = timezone.now()


def put_down(erasure: Erasure) -> None:
    """Leave it to whoever comes next."""
    erasure.status = Status.WAITING
    erasure.save()


def _finish(erasure: Erasure) -> None:
    """What is written of the number beside calls; then the number itself."""
    caller = Caller(erasure.workspace_id, erasure.caller)
    stands = holds.standing(caller.workspace_id).filter(caller=caller.digits).exists()
    if not erasure.held and not stands:
        _add(erasure, tell(caller_erased, caller=caller))
        erasure.save(update_fields=SO_FAR)  # what went, should the rest have to be tried again
        with transaction.atomic():
            _add(erasure, _beside(caller))
            _close(erasure)
    else:
        _close(erasure)


def _close(erasure: Erasure) -> None:
    erasure.status, erasure.ended_at, erasure.caller = Status.DONE, timezone.now(), ""
    erasure.save()


def _beside(caller: Caller) -> Counter[str]:
    """Lists that were narrowed to the caller, and holds that have been lifted."""
    went = Counter({"saved views": SavedView.objects.filter(pk__in=_about(SavedView, caller)).delete()[0]})
    for reading in Reading.objects.filter(pk__in=_about(Reading, caller)):
        # Without its address it would read every call there is.
        readings.end(reading, Reading.Status.STOPPED, "It was of a caller who was erased.")
        Reading.objects.filter(pk=reading.pk).update(query="")
    for export in Export.objects.filter(pk__in=_about(Export, caller)):
        exports.remove(export)
        went["exports"] += 1
    LegalHold.objects.for_workspace(caller.workspace_id).filter(caller=caller.digits).delete()
    return went


def _about(model: Any, caller: Caller) -> list[UUID]:
    """Those whose address or name has the number, however it was typed."""
    number = re.compile(numbers.pattern(caller.digits))
    names = ("query", "name") if model is SavedView else ("query",)
    rows = model.objects.for_workspace(caller.workspace_id).values_list("pk", *names)
    return [pk for pk, *texts in rows if any(number.search(unquote_plus(text)) for text in texts)]
