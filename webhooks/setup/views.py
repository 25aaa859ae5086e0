"""Settings → Connections, as it is looked at. What changes something is in changes.py."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from accounts.decorators import requires
from accounts.permissions import Permission
from base.settings_pages import SECTIONS, frame
from platforms.models import Connection
from webhooks.setup import checklist, page
from webhooks.setup.forms import NewConnectionForm


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def index(request: HttpRequest) -> HttpResponse:
    """The first section there is."""
    return redirect(SECTIONS[0][1])


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def connections(request: HttpRequest) -> HttpResponse:
    """Every connection with how it fares."""
    found = Connection.objects.for_workspace(request.workspace).order_by("name", "id")
    rows = [{"connection": connection, "facts": checklist.facts(connection)} for connection in found]
    return render(request, "settings/connections.html", frame("connections") | {"rows": rows})


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def new(request: HttpRequest) -> HttpResponse:
    form = NewConnectionForm(
        initial={"name": "Retell", "signs": True}, others=Connection.objects.for_workspace(request.workspace)
    )
    return render(request, "settings/new.html", frame("connections") | {"form": form})


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def connection(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """The checklist to the first delivery, and what can be done with a connection after it."""
    found = one(request, connection_id)
    return render(request, "settings/connection.html", page.whole(request, found))


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def state(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """The parts of that page that change by themselves."""
    return render(request, "settings/_live.html", page.live(one(request, connection_id)))


def one(request: HttpRequest, connection_id: UUID) -> Connection:
    return get_object_or_404(Connection.objects.for_workspace(request.workspace), pk=connection_id)
