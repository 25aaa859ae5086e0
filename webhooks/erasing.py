"""What platforms told us of calls that are removed: the hash of a body stays, so that a late retry is known
again; the body and its headers go, at once or when they have been kept for long enough."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.dispatch import receiver

from accounts.erasing import Caller, Going, caller_erased, calls_erased
from accounts.retention import Remover, register
from base.ids import first_uuid7
from calls.models import Call
from calls.privacy import holds
from webhooks.models import Delivery

Status = Delivery.Status
ERASED = "Its body has been erased."
TOO_LATE = "The call it is about was erased before."
AT_ONCE = 500  # bodies looked through together


@receiver(calls_erased, dispatch_uid="webhooks.calls")
def forget_calls(going: Going, **_signal) -> dict[str, int]:
    about = Q(call__in=going.calls)
    for platform, platform_call_id in going.at_platform:
        about |= Q(platform=platform, platform_call_id=platform_call_id)
    return {"webhook bodies": _empty(Delivery.objects.for_workspace(going.workspace_id).filter(about))}


@receiver(caller_erased, dispatch_uid="webhooks.caller")
def forget_caller(caller: Caller, **_signal) -> dict[str, int]:
    """Bodies about no call that has a row: who may call in is asked before there is one."""
    rows = Delivery.objects.for_workspace(caller.workspace_id).filter(call=None, body__isnull=False)
    emptied, after = 0, UUID(int=0)
    while some := list(rows.filter(pk__gt=after).order_by("pk").values_list("pk", "body")[:AT_ONCE]):
        after = some[-1][0]
        theirs = [pk for pk, body in some if caller.digits.encode() in bytes(body)]
        if theirs:
            with transaction.atomic():  # of its own: nobody waits until all are looked through
                emptied += _empty(Delivery.objects.filter(pk__in=theirs))
    return {"webhook bodies": emptied}


def _empty(deliveries: QuerySet[Delivery]) -> int:
    """Nothing is left of them but that they came."""
    locked = deliveries.filter(body__isnull=False).select_for_update().order_by("connection_id", "digest")
    ids = list(locked.values_list("pk", flat=True))
    rows = Delivery.objects.filter(pk__in=ids)
    rows.filter(status=Status.PENDING).update(status=Status.IGNORED, error=ERASED, due_at=None)
    rows.update(body=None, headers={}, platform_call_id="", claimed_until=None)
    return len(ids)


def drop(deliveries: Iterable[Delivery]) -> None:
    """They came too late, about a call that was removed: nothing is left of them either."""
    Delivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries]).update(
        body=None, headers={}, platform_call_id=""
    )


# --- Retention ------------------------------------------------------------------------------------------


def _old(workspace_id: UUID, before: datetime) -> QuerySet[Delivery]:
    """Bodies that came before then, but those of calls under hold and those that are yet to be applied."""
    held = Call.objects.filter(pk=OuterRef("call_id")).exclude(
        pk__in=holds.free(Call.objects.for_workspace(workspace_id)).values("pk")
    )
    rows = Delivery.objects.for_workspace(workspace_id).filter(
        body__isnull=False, created_at__lt=before, pk__lt=first_uuid7(int(before.timestamp() * 1000) + 60_000)
    )
    return rows.exclude(status=Status.PENDING).filter(~Exists(held))


@transaction.atomic
def _remove(workspace_id: UUID, before: datetime, most: int) -> int:
    some = list(_old(workspace_id, before).order_by("pk").values_list("pk", flat=True)[:most])
    locked = Delivery.objects.filter(pk__in=some).select_for_update().order_by("connection_id", "digest")
    ids = list(locked.values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=ids).update(body=None, headers={})
    return len(ids)


def register_all() -> None:
    remover = Remover(lambda workspace_id, before: _old(workspace_id, before).count(), _remove)
    register("deliveries", remover)
    # They hold what was said and who called: they are gone with the first of both.
    register("words", Remover(lambda workspace_id, before: 0, _remove))
    register("numbers", Remover(lambda workspace_id, before: 0, _remove))
