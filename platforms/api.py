"""`/api/v1/connections`: a workspace's accounts at voice platforms, without their secrets."""

import asyncio
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from base.api import Listing, answers, found, listed, page_of
from base.errors import json_error
from base.pool import leave_database
from platforms.adapters import HOMES
from platforms.errors import PlatformError
from platforms.models import Connection
from platforms.rest import account_of

router = Router(tags=["Connections"])

VOICES_FOR_S = 300  # so long a platform's list is given again without asking
VOICES_WITHIN_S = 8.0


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


@router.get(
    "/connections",
    summary="List connections",
    auth=access(Permission.MANAGE_WORKSPACE),
    response=answers(page_of(ConnectionOut), 400),
)
def list_connections(request: HttpRequest, asked: Query[Listing]):
    """Newest first. Secrets are said to be there or not, and never shown."""
    return listed(request, Connection, asked, _connection)


class VoiceOut(Schema):
    id: str = Field(description="As versions of agents name it.", examples=["11labs-Anthony"])
    name: str = Field(examples=["Anthony"])
    provider: str | None = Field(examples=["elevenlabs"])
    gender: str | None = Field(examples=["male"])
    accent: str | None = Field(examples=["British"])
    age: str | None
    preview_url: str | None = Field(description="How it sounds, where the platform says.")


class VoiceList(Schema):
    items: list[VoiceOut]
    next: None = Field(None, description="There are no more.")


@router.get(
    "/connections/{uuid:connection_id}/voices",
    summary="List a platform’s voices",
    auth=access(Permission.EDIT_AGENTS),
    response=answers(VoiceList, 404, 409, 503),
)
def list_voices(request: HttpRequest, connection_id: UUID):
    """Those its agents may speak with, as the platform names them; up to five minutes old."""
    row = found(request, Connection, connection_id)
    if not row.api_key or row.platform not in HOMES:
        return json_error(409, message="This connection has no API key, so its platform can’t be asked.")
    name = f"voices:{row.pk}"
    kept = cache.get(name)
    if kept is None:
        account = account_of(row)
        leave_database()
        try:
            voices = asyncio.run(asyncio.wait_for(HOMES[row.platform].voices(account), VOICES_WITHIN_S))
        except (PlatformError, TimeoutError) as error:
            return json_error(
                503, message=f"{str(error) or 'The platform took too long'}. Try again in a moment."
            )
        kept = [{key: value or None for key, value in asdict(voice).items()} for voice in voices]
        cache.set(name, kept, VOICES_FOR_S)
    return VoiceList(items=[VoiceOut(**voice) for voice in kept], next=None)


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
