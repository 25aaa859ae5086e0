"""How a call went, by its platform's account: asked once it has ended, until nothing more is to come."""

import asyncio
import logging
from uuid import UUID

from django.utils import timezone

from calls import fold, services
from calls.models import Call
from calls.services import Opening
from platforms.errors import PlatformError, Unreadable
from platforms.events import CallAnalyzed, CallEnded
from platforms.models import Connection
from platforms.rest import api_of
from platforms.retell.calls import events_of

logger = logging.getLogger(__name__)


def settle(call_id: UUID, *, last: bool = False) -> bool:
    """Ask the platform and record what it says. True if nothing more is to come; else ask again later.

    `last`: there will be no later. The topic is finished then, or once asking is of no use, in any case.
    """
    call = Call.objects.select_related("connection").get(pk=call_id)
    complete = call.connection is None or _ask(call, call.connection)
    if complete or last:
        services.finish(call_id)
    return complete


def _ask(call: Call, connection: Connection) -> bool:
    try:
        told = asyncio.run(_get_call(connection, call.platform_call_id))
        events = events_of(told, heard_at=call.ended_at or timezone.now())
    except PlatformError as error:
        logger.warning("call %s: %s", call.pk, error)
        return not error.retryable
    except Unreadable as error:
        logger.warning("call %s: %s", call.pk, error)
        return True
    if not any(isinstance(event, CallEnded) for event in events):
        # Its transcript may still change until then.
        return False
    services.record(
        call.workspace_id,
        call.platform,
        call.platform_call_id,
        events,
        source=fold.PLATFORM,
        opening=Opening(started_at=call.started_at),
    )
    return any(isinstance(event, CallAnalyzed) and event.summary for event in events)


async def _get_call(connection: Connection, platform_call_id: str) -> dict:
    async with api_of(connection) as api:
        return await api.get_call(platform_call_id)
