"""What the page of one connection shows. No secret is in it: that needs an audited Reveal."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts.permissions import Permission
from agents.models import Agent
from base.settings_pages import frame
from calls.models import Call
from platforms.adapters import ADAPTERS
from platforms.models import Connection
from platforms.services import ROTATION_SHOULD_END_IN
from webhooks.setup import checklist, linking, trial
from webhooks.setup.forms import DeleteForm, EditForm, LinkForm, RotateForm

# Deliveries of the last minutes may still be signed with the old secret: who finishes is told how many.
_RECENTLY = timedelta(minutes=10)
_AT_HOME = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104  looked for, not listened on


def live(connection: Connection) -> dict[str, Any]:
    """What goes on changing while the page is open: asked for every two seconds."""
    found = checklist.facts(connection)
    events = checklist.events(ADAPTERS[connection.platform].EVENTS, found.kinds)
    return {
        "connection": connection,
        "facts": found,
        "events": events,
        "events_seen": sum(bool(event["seen"]) for event in events),
        "events_on_by_default": all(event["seen"] for event in events if event["on_by_default"]),
        "rotation": _rotation(connection),
    }


def whole(request: HttpRequest, connection: Connection) -> dict[str, Any]:
    """The page as it is when nothing was pressed. Acts put their forms or results in place of these."""
    return {
        **frame("connections"),
        **live(connection),
        "guide": f"settings/guides/{connection.platform}.html",
        "address": trial.address(connection),
        "only_here": urlsplit(settings.EARSHOT_URL).hostname in _AT_HOME,
        "going": _going(connection),
        "unknown": linking.unknown(connection),
        "agents": _agents(connection),
        "may_link": request.viewer.may(Permission.EDIT_AGENTS),
        "edit_form": EditForm(
            initial={"name": connection.name, "base_url": connection.base_url},
            others=others(connection),
            current=connection,
        ),
        "rotate_form": RotateForm(
            initial={"made": RotateForm.OURS if connection.webhook_secret_is_ours else RotateForm.PASTED},
            current="",
        ),
        "delete_form": DeleteForm(expected=connection.name),
        "link_form": LinkForm(workspace=connection.workspace_id),
    }


def others(connection: Connection):
    """The workspace's other connections, whose names are taken."""
    return Connection.objects.for_workspace(connection.workspace_id).exclude(pk=connection.pk)


def _rotation(connection: Connection) -> dict[str, Any] | None:
    """The rotation under way: since when, how much came since, and whether it should be finished by now."""
    if not connection.previous_webhook_secret:
        return None
    now = timezone.now()
    since = connection.rotated_at or now
    return {
        "since": since,
        "days": (now - since).days,
        "is_late": now - since > ROTATION_SHOULD_END_IN,
        "deliveries": checklist.up_to(checklist.deliveries_since(connection, since)),
        "recent": checklist.deliveries_since(connection, max(since, now - _RECENTLY)),
    }


def _going(connection: Connection) -> dict[str, Any]:
    """What a deletion would remove and leave, in numbers."""
    calls = Call.objects.for_workspace(connection.workspace_id).filter(connection=connection)
    counted = calls.values("pk")[: checklist.MOST_COUNTED + 1].count()
    deliveries = checklist.deliveries(connection)
    return {
        "deliveries": checklist.up_to(deliveries),
        "one_delivery": deliveries == 1,
        "calls": checklist.up_to(counted),
        "one_call": counted == 1,
        "agents": [agent.name for agent in connection.agents.order_by("name")],
    }


def _agents(connection: Connection) -> list[Agent]:
    return list(Agent.objects.for_workspace(connection.workspace_id).order_by("name"))
