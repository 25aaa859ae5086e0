"""What the pages of Settings → Connections are tested with."""

import re

from django.urls import reverse
from django.utils import timezone

from calls.models import Call
from platforms.models import Connection
from webhooks.models import Delivery

KEY = "key_0123456789abcdef"
OTHER = "key_fedcba9876543210"


def at(name: str, connection: Connection) -> str:
    return reverse(f"settings:{name}", args=[connection.pk])


def deliver(connection, kind="call_started", *, digest=None, **fields) -> Delivery:
    return Delivery.objects.create(
        workspace_id=connection.workspace_id,
        connection=connection,
        platform=connection.platform,
        kind=kind,
        digest=digest or f"{Delivery.objects.count():064x}",
        body=b"{}",
        size=2,
        **fields,
    )


def wait_for_agent(connection, call_id: str, platform_agent_id: str) -> Call:
    return Call.objects.create(
        workspace_id=connection.workspace_id,
        connection=connection,
        platform="retell",
        platform_call_id=call_id,
        platform_agent_id=platform_agent_id,
        started_at=timezone.now(),
    )


def fresh(connection) -> Connection:
    return Connection.objects.get(pk=connection.pk)


def text(response) -> str:
    """What a person reads, in one line."""
    return " ".join(re.sub("<[^>]+>", " ", response.content.decode()).split())
