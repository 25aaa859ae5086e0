"""Legal hold: a call, or all of a caller, that nothing removes until it is lifted."""

from contextlib import suppress
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.access import Viewer
from base.errors import Faulty
from calls.models import Call, CallQuerySet, LegalHold
from calls.privacy import numbers
from platforms.clean import clean

LONGEST_REASON = 200


def standing(workspace_id: UUID) -> QuerySet[LegalHold]:
    """Those that have not been lifted, newest first."""
    return LegalHold.objects.for_workspace(workspace_id).filter(lifted_at=None).order_by("-id")


def place(reason: str, *, by: Viewer, call: Call | None = None, caller: str = "") -> LegalHold:
    """Put a call, or a number as somebody types it, under hold; if it is already, that hold is answered.
    Raises Faulty."""
    reason = clean(" ".join(reason.split()))
    if not 0 < len(reason) <= LONGEST_REASON:
        raise Faulty({"reason": f"Say why, in 1 to {LONGEST_REASON} characters."})
    try:
        digits = "" if call else numbers.digits_of(caller)
    except ValueError as error:
        raise Faulty({"caller": str(error)}) from error
    there = standing(by.workspace_id).filter(call=call, caller=digits).first()
    if there:
        return there
    hold = LegalHold.objects.create(
        workspace_id=by.workspace_id, call=call, caller=digits, reason=reason, placed_by_id=by.user_id
    )
    _note("hold.place", hold, by)
    return hold


def lift(hold: LegalHold, *, by: Viewer) -> None:
    """From now on it may be removed again. Lifted twice it is lifted once."""
    still = LegalHold.objects.filter(pk=hold.pk, lifted_at=None)
    if still.update(lifted_at=timezone.now(), lifted_by_id=by.user_id):
        _note("hold.lift", hold, by)


def _note(action: str, hold: LegalHold, by: Viewer) -> None:
    # Which number is not said: this log is never changed, and the caller may be erased one day.
    target = f"call:{hold.call_id}" if hold.call_id else f"hold:{hold.pk}"
    detail = {"hold": str(hold.pk)}
    audit.note(action, workspace=hold.workspace_id, actor=by.actor_id, target=target, detail=detail)


def free(calls: CallQuerySet) -> CallQuerySet:
    """Those of `calls` that are not under hold."""
    on_it = LegalHold.objects.filter(lifted_at=None, call=OuterRef("pk"))
    on_caller = LegalHold.objects.filter(
        lifted_at=None, call=None, workspace=OuterRef("workspace"), caller=OuterRef("bare")
    )
    return calls.annotate(bare=numbers.bare_number()).filter(~Exists(on_it), ~Exists(on_caller))


def of(call: Call) -> LegalHold | None:
    """The hold a call is under, its own or its caller's."""
    ours = Q(call=call)
    with suppress(ValueError):  # it has none that anybody could have put under hold
        ours |= Q(caller=numbers.digits_of(call.caller_number))
    return standing(call.workspace_id).filter(ours).select_related("placed_by").first()
