"""`/api/v1/connections`: a workspace's accounts at voice platforms, without their secrets."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from base.api import Listing, answers, paged
from platforms.models import Connection

router = Router(tags=["Connections"])


class ConnectionOut(Schema):
    id: UUID
    platform: str = Field(examples=["retell"])
    name: str
    base_url: str | None = Field(description="The platform’s API; null: the vendor’s own address.")
    webhook_url: str = Field(description="Where the platform posts its webhooks.")
    has_api_key: bool
    has_webhook_secret: bool
    is_rotating: bool = Field(description="Whether the webhook secret before this one is still accepted.")
    created_at: datetime


class ConnectionList(Schema):
    items: list[ConnectionOut]
    next: str | None


@router.get(
    "/connections",
    operation_id="list_connections",
    summary="List connections",
    auth=access(Permission.MANAGE_WORKSPACE),
    response=answers(ConnectionList, 400),
)
def list_connections(request: HttpRequest, asked: Query[Listing]):
    """Newest first. Secrets are said to be there or not, and never shown."""
    rows = Connection.objects.for_workspace(request.viewer.workspace_id)
    found, following = paged(rows, asked, request.viewer.workspace_id)
    return ConnectionList(items=[_connection(row) for row in found], next=following)


def _connection(row: Connection) -> ConnectionOut:
    return ConnectionOut(
        id=row.pk,
        platform=row.platform,
        name=row.name,
        base_url=row.base_url or None,
        webhook_url=f"{settings.EARSHOT_URL}/webhooks/{row.platform}/{row.pk}",
        has_api_key=bool(row.api_key),
        has_webhook_secret=bool(row.webhook_secret),
        is_rotating=bool(row.previous_webhook_secret),
        created_at=row.created_at,
    )
