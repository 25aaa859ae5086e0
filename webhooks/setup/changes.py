"""What is pressed in Settings → Connections. Each act says what it did on the page it leads back to."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.decorators import requires
from accounts.permissions import Permission
from base.settings_pages import frame
from platforms import services
from platforms.models import Connection
from webhooks.setup import checklist, linking, page, trial
from webhooks.setup.forms import DeleteForm, EditForm, LinkForm, NewConnectionForm, RotateForm
from webhooks.setup.views import one


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def add(request: HttpRequest) -> HttpResponse:
    form = NewConnectionForm(request.POST, others=Connection.objects.for_workspace(request.workspace))
    if not form.is_valid():
        context = frame("connections") | {"form": form}
        return render(request, "settings/new.html", context, status=400)
    typed = form.cleaned_data
    connection = services.create(
        request.workspace,
        typed["platform"],
        typed["name"],
        api_key=typed["api_key"],
        webhook_secret=typed["api_key"] if typed["signs"] else "",
        base_url=typed["base_url"],
        by=request.viewer.user_id,
    )
    return redirect("settings:connection", connection.pk)


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def edit(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    connection = one(request, connection_id)
    form = EditForm(request.POST, others=page.others(connection), current=connection)
    if not form.is_valid():
        return _again(request, connection, edit_form=form)
    typed = form.cleaned_data
    # An empty field leaves the key alone: it is never in the page, so it cannot come back from there.
    api_key = "" if typed["forget_api_key"] else typed["api_key"] or None
    services.edit(
        connection, name=typed["name"], base_url=typed["base_url"], api_key=api_key, by=request.viewer.user_id
    )
    return _said(request, connection, "Details saved.")


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def reveal(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """The page with the secret in it: this once, written down, and kept by no cache."""
    connection = one(request, connection_id)
    try:
        secret = services.reveal(connection, by=request.viewer.user_id)
    except ValueError:
        return _said(
            request, connection, "This key was made by the platform. Look it up there.", level="error"
        )
    response = render(
        request, "settings/connection.html", page.whole(request, connection) | {"revealed": secret}
    )
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def rotate(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    connection = one(request, connection_id)
    form = RotateForm(request.POST, current=connection.webhook_secret)
    if not form.is_valid():
        return _again(request, connection, rotate_form=form)
    heard_of = checklist.facts(connection).last is not None
    try:
        services.rotate(
            connection, secret=form.cleaned_data["secret"], keep_previous=heard_of, by=request.viewer.user_id
        )
    except services.RotationUnderWay:
        return _said(request, connection, "A rotation is under way already. Finish it first.", level="error")
    said = "Secret rotated. The old one is accepted until you finish." if heard_of else "Secret saved."
    return _said(request, connection, said)


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def finish(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    connection = one(request, connection_id)
    try:
        services.finish_rotation(connection, by=request.viewer.user_id)
    except services.NoRotation:
        return _said(request, connection, "No rotation is under way.", level="error")
    return _said(request, connection, "Rotation finished. The old secret is refused within 5 s.")


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def undo(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    connection = one(request, connection_id)
    try:
        services.undo_rotation(connection, by=request.viewer.user_id)
    except services.NoRotation:
        return _said(request, connection, "No rotation is under way.", level="error")
    return _said(request, connection, "Rotation undone. The secret from before is the only one again.")


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def test(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Send ourselves a delivery by the public address, and show what came back."""
    connection = one(request, connection_id)
    try:
        tested = trial.send(connection)
    except trial.TooSoon:
        tested = trial.Result(False, "That was quick.", f"One test every {trial.EVERY_S} s. Try again.")
    return render(request, "settings/connection.html", page.whole(request, connection) | {"tested": tested})


@require_POST
@requires(Permission.EDIT_AGENTS)
def link(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Say which agent of ours the platform's is, and give it the calls that wait for one."""
    connection = one(request, connection_id)
    form = LinkForm(request.POST, workspace=request.workspace)
    if not form.is_valid():
        return _again(request, connection, link_form=form)
    typed = form.cleaned_data
    theirs, agent = typed["platform_agent_id"], typed["agent"]
    try:
        if agent is None:
            linked = linking.link_new(connection, theirs, typed["name"], by=request.viewer.user_id)
        else:
            linked = linking.link(connection, theirs, agent, by=request.viewer.user_id)
    except linking.AlreadyLinked:
        return _said(request, connection, f"{agent} is another agent of the platform already.", level="error")
    except linking.AlreadyOurs as known:
        return _said(request, connection, f"{theirs} is {known.args[0]} already.", level="error")
    name = agent.name if agent else typed["name"]
    return _said(request, connection, f"Linked {linked:,} call{'' if linked == 1 else 's'} to {name}.")


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def delete(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    connection = one(request, connection_id)
    form = DeleteForm(request.POST, expected=connection.name)
    if not form.is_valid():
        return _again(request, connection, delete_form=form)
    services.delete(connection, by=request.viewer.user_id)
    messages.success(request, f"{connection.name} deleted.")
    return redirect("settings:connections")


def _again(request: HttpRequest, connection: Connection, **forms) -> HttpResponse:
    """The page with what was typed and what is wrong with it."""
    context = page.whole(request, connection) | forms
    return render(request, "settings/connection.html", context, status=400)


def _said(request: HttpRequest, connection: Connection, text: str, *, level: str = "success") -> HttpResponse:
    getattr(messages, level)(request, text)
    return redirect("settings:connection", connection.pk)
