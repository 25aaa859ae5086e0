"""Deliveries applied as a worker does, and time that passes."""

from datetime import timedelta

from django.utils import timezone

from tests.platforms.retell.payloads import CALL
from webhooks.models import Delivery
from webhooks.services import apply_next

ENDED = {key: value for key, value in CALL.items() if key != "call_analysis"}
STARTED = {key: CALL[key] for key in ("call_id", "agent_id", "start_timestamp", "from_number", "to_number")}


def apply_all() -> int:
    count = 0
    while apply_next():
        count += 1
    return count


def due_now() -> None:
    """Time passes: what waits is due, and claims have run out."""
    past = timezone.now() - timedelta(seconds=1)
    Delivery.objects.filter(due_at__isnull=False).update(due_at=past)
    Delivery.objects.filter(claimed_until__isnull=False).update(claimed_until=past)
