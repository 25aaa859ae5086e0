"""What browsers reported: no words of a call are in it, but an address may have a number."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.dispatch import receiver

from accounts.erasing import Caller, caller_erased
from accounts.retention import Remover, register
from observability.models import BrowserReport

_TEXTS = ("message", "source", "stack", "page", "told")


@receiver(caller_erased, dispatch_uid="observability.caller")
def forget_caller(caller: Caller, **_signal) -> dict[str, int]:
    reports = BrowserReport.objects.for_workspace(caller.workspace_id)
    with_number = Q()
    for name in _TEXTS:
        with_number |= Q(**{f"{name}__contains": caller.digits})
    found = reports.annotate(told=Cast("detail", TextField())).filter(with_number)
    ids = list(found.values_list("pk", flat=True))
    return {"browser reports": BrowserReport.objects.filter(pk__in=ids).delete()[0]}


# --- Retention ------------------------------------------------------------------------------------------


def _old(workspace_id: UUID, before: datetime) -> QuerySet[BrowserReport]:
    return BrowserReport.objects.for_workspace(workspace_id).filter(created_at__lt=before)


@transaction.atomic
def _remove(workspace_id: UUID, before: datetime, most: int) -> int:
    ids = list(_old(workspace_id, before).order_by("pk").values_list("pk", flat=True)[:most])
    return BrowserReport.objects.filter(pk__in=ids).delete()[0]


def register_all() -> None:
    remover = Remover(lambda workspace_id, before: _old(workspace_id, before).count(), _remove)
    register("browser_reports", remover)
