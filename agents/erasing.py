"""What agents have of calls that are removed: tests made of them, answers kept to be given again, costs."""

from datetime import datetime
from uuid import UUID

import redis
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import receiver

from accounts.erasing import Going, calls_erased
from accounts.retention import Remover, register
from agents.models import AgentTest, AgentTestResult, ModelCall

SCANNED = 1_000  # of Redis' keys at once


@receiver(calls_erased, dispatch_uid="agents.calls")
def forget_calls(going: Going, **_signal) -> dict[str, int]:
    tests = AgentTest.objects.for_workspace(going.workspace_id).filter(source_call__in=going.calls)
    ids = list(tests.values_list("pk", flat=True))
    results = AgentTestResult.objects.for_workspace(going.workspace_id)
    results.filter(test__in=ids).delete()
    results.filter(test=None).delete()  # nobody knows any more what a test that was deleted was made of
    AgentTest.objects.filter(pk__in=ids).delete()
    # What was paid stays; for whom does not.
    costs = ModelCall.objects.for_workspace(going.workspace_id).filter(call_id__in=going.calls)
    return {"agent tests": len(ids), "model calls unlinked": costs.update(call_id=None, turn="")} | {
        "kept answers": _forget_answers(going.workspace_id)
    }


def _forget_answers(workspace_id: UUID) -> int:
    """Answers kept to be given again (agents/llm/cache.py): whose question each was is not written there."""
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2) as client:
        keys = list(client.scan_iter(match=f"answers:{{{workspace_id}}}:*", count=SCANNED))
        return client.delete(*keys) if keys else 0


# --- Retention ------------------------------------------------------------------------------------------


def _old(workspace_id: UUID, before: datetime) -> QuerySet[ModelCall]:
    return ModelCall.objects.for_workspace(workspace_id).filter(created_at__lt=before)


@transaction.atomic
def _remove(workspace_id: UUID, before: datetime, most: int) -> int:
    ids = list(_old(workspace_id, before).order_by("pk").values_list("pk", flat=True)[:most])
    return ModelCall.objects.filter(pk__in=ids).delete()[0]


def register_all() -> None:
    remover = Remover(lambda workspace_id, before: _old(workspace_id, before).count(), _remove)
    register("model_calls", remover)
