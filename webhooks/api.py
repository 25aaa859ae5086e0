"""`/api/v1/webhooks/deliveries`: what platforms told us, as it came, and what became of it."""

import base64
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from base.api import During, Text, answers, found, listed, ours, page_of
from base.errors import json_error
from webhooks import doorbell, shown
from webhooks.models import Delivery
from webhooks.services import replay

router = Router(tags=["Webhooks"])
LIGHT = Delivery.objects.defer("body", "headers")


class Deliveries(During):
    status: Literal["pending", "applied", "ignored", "dead"] = Field(None)
    connection: UUID = Field(None, description="Those that came to this connection.")
    kind: Text = Field(
        None,
        description="Those of this event, by the platform’s name.",
        json_schema_extra={"example": "call_ended"},
    )
    call: UUID = Field(None, description="Those that were applied to this call, by its id here.")
    platform_call_id: Text = Field(
        None,
        description="Those about this call, by the platform’s id: also before they are applied.",
        json_schema_extra={"example": "call_7c1e9a40b2d84f5e93a61b0c"},
    )

    def narrow(self, rows):
        rows = super().narrow(rows)
        named = {
            "status": self.status,
            "connection_id": self.connection,
            "kind": self.kind,
            "call_id": self.call,
            "platform_call_id": self.platform_call_id,
        }
        return rows.filter(**{name: value for name, value in named.items() if value})


class DeliveryOut(Schema):
    id: UUID
    connection: UUID
    platform: str = Field(examples=["retell"])
    kind: str | None = Field(description="The platform’s own name of the event.", examples=["call_analyzed"])
    platform_call_id: str | None = Field(description="Null: about no call.")
    call: UUID | None = Field(description="The call it was applied to.")
    status: str = Field(description="pending, applied, ignored or dead.", examples=["applied"])
    attempts: int = Field(description="How often we tried to apply it, since the last replay.")
    error: str | None = Field(description="Why the last attempt failed. Holds no words of a call.")
    due_at: datetime | None = Field(description="When it is tried again; null: at once, or not any more.")
    applied_at: datetime | None = Field(description="When it was settled, in whichever way.")
    processing_ms: int | None = Field(description="What applying it took.")
    received_at: datetime = Field(description="When it first came.")
    signed_at: datetime | None = Field(description="By the platform’s clock.")
    repeats: int = Field(description="How often the platform sent the same again.")
    repeated_at: datetime | None
    replays: int
    replayed_at: datetime | None
    size: int = Field(description="Bytes of the body.")
    digest: str = Field(description="SHA-256 of the body, hex: what makes two deliveries the same.")
    trace_id: str | None


class BodyOut(Schema):
    encoding: Literal["text", "base64"] = Field(description="base64 where the bytes are no UTF-8.")
    content: str


class WholeDelivery(DeliveryOut):
    headers: dict[str, str] = Field(description="As they came, secrets struck out.")
    body: BodyOut | None = Field(
        description="As it came, but for what is hidden from your role. Null for a viewer, and once erased."
    )


@router.get(
    "/webhooks/deliveries",
    summary="List webhook deliveries",
    auth=access(Permission.SEE_CALLS),
    response=answers(page_of(DeliveryOut), 400),
)
def list_deliveries(request: HttpRequest, asked: Query[Deliveries]):
    """Every proven delivery, newest first."""
    return listed(request, asked.narrow(LIGHT), asked, _facts)


@router.get(
    "/webhooks/deliveries/{uuid:delivery_id}",
    summary="Get a webhook delivery",
    auth=access(Permission.SEE_CALLS),
    response=answers(WholeDelivery, 404),
)
def get_delivery(request: HttpRequest, delivery_id: UUID):
    """One delivery with its headers, and its body for those who may see words."""
    row = found(request, Delivery, delivery_id)
    sees_words = request.viewer.may(Permission.SEE_WORDS)
    headers = {name: str(value) for name, value in row.headers.items()}
    return WholeDelivery(**_facts(row), headers=headers, body=_body(row) if sees_words else None)


@router.post(
    "/webhooks/deliveries/{uuid:delivery_id}/replay",
    summary="Replay a webhook delivery",
    auth=access(Permission.MANAGE_WORKSPACE),
    response=answers(DeliveryOut, 404, 409, status=202),
)
def replay_delivery(request: HttpRequest, delivery_id: UUID):
    """Have it applied again, within seconds. What was applied before changes nothing, unless we have learned
    to read it better. One whose body was erased cannot be: 409."""
    row = found(request, LIGHT, delivery_id)
    if not list(replay(ours(request, LIGHT).filter(pk=row.pk), by=request.viewer.actor_id)):
        return json_error(409, "erased", "Its body was erased, so there is nothing to replay.")
    doorbell.ring()
    return Status(202, _facts(found(request, LIGHT, delivery_id)))


def _facts(row: Delivery) -> dict:
    return {
        "id": row.pk,
        "connection": row.connection_id,
        "platform": row.platform,
        "kind": row.kind or None,
        "platform_call_id": row.platform_call_id or None,
        "call": row.call_id,
        "status": row.status,
        "attempts": row.attempts,
        "error": row.error or None,
        "due_at": row.due_at,
        "applied_at": row.applied_at,
        "processing_ms": row.processing_ms,
        "received_at": row.created_at,
        "signed_at": row.signed_at,
        "repeats": row.repeats,
        "repeated_at": row.repeated_at,
        "replays": row.replays,
        "replayed_at": row.replayed_at,
        "size": row.size,
        "digest": row.digest,
        "trace_id": row.trace_id or None,
    }


def _body(row: Delivery) -> BodyOut | None:
    raw = shown.body(row)
    if raw is None:
        return None
    try:
        return BodyOut(encoding="text", content=raw.decode())
    except UnicodeDecodeError:
        return BodyOut(encoding="base64", content=base64.b64encode(raw).decode())
