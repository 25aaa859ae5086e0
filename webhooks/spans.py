"""How what became of a webhook is found from where it came in: by its id, which both sides know."""

from collections.abc import Sequence
from uuid import UUID

from base import tracing
from base.tracing import Elsewhere, Span
from webhooks.models import Delivery

_LAST_64_BITS = (1 << 64) - 1


def span_of(delivery_id: UUID) -> int:
    """The id of the span in which it was kept: the half of its own that is made by chance."""
    return delivery_id.int & _LAST_64_BITS


def applying(batch: Sequence[Delivery]) -> Span:
    """A span for taking in deliveries of one call: within the trace of them, if they came in one."""
    if not tracing.recording():
        return tracing.NOTHING
    first = batch[0]
    told: tracing.Attributes = {
        "earshot.platform": first.platform,
        "earshot.kinds": sorted({delivery.kind for delivery in batch}),
        "messaging.batch.message_count": len(batch),
    }
    came_from = [Elsewhere(one.trace_id, span_of(one.pk)) for one in batch if one.trace_id]
    return tracing.span("apply webhooks", told, "consumer", came_from=came_from)
