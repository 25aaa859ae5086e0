"""Deliveries as the receiver keeps them, made without anybody having to send them."""

import hashlib
import json
from datetime import UTC, datetime

from platforms.adapters import ADAPTERS
from platforms.errors import Unreadable
from platforms.models import Connection
from platforms.webhooks import Envelope
from webhooks.models import Delivery

RECEIVED = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def body_of(kind: str, **told) -> bytes:
    """What Retell posts: body_of("call_ended", call={…})."""
    return json.dumps({"event": kind, **told}).encode()


def kept(connection: Connection, body: bytes, **fields) -> Delivery:
    """The row of a delivery that was proven; the same body is the same row, and one more repeat."""
    adapter = ADAPTERS[connection.platform]
    try:
        envelope = adapter.envelope(body)
    except Unreadable:
        envelope = Envelope("", "", known=False)
    digest = hashlib.sha256(body).hexdigest()
    values = {
        "workspace_id": connection.workspace_id,
        "platform": connection.platform,
        "kind": envelope.kind,
        "platform_call_id": envelope.call_id,
        "body": body,
        "size": len(body),
    }
    row, fresh = Delivery.objects.get_or_create(
        connection=connection, digest=digest, defaults=values | fields
    )
    if fresh:
        # Times a body leaves out are those it came at: the same for whoever keeps it when.
        Delivery.objects.filter(pk=row.pk).update(created_at=RECEIVED)
    else:
        row.repeats += 1
        row.save(update_fields=["repeats"])
    return row
