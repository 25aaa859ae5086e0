"""Settings → Privacy: how long what is kept, who sees what, who is forgotten, and what must not be."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import requires
from accounts.permissions import Permission
from accounts.retention import BY_NAME
from base.settings_pages import frame
from calls import parts
from calls.models import Call, Erasure, LegalHold
from calls.personal import seeing
from calls.privacy import asking, enforcing, erasing, holds, numbers
from calls.privacy.forms import LIVE, CallerForm, HoldForm, MaskedForm, RetentionForm

MOST_SHOWN = 20  # erasures and holds
PAGE = "settings/privacy.html"


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def page(request: HttpRequest) -> HttpResponse:
    return render(request, PAGE, _page(request))


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def retention(request: HttpRequest) -> HttpResponse:
    """What it would remove is shown first; saved is what was looked at."""
    form = RetentionForm(request.POST)
    if not form.is_valid():
        return render(request, PAGE, _page(request) | {"retention": form}, status=400)
    kept = enforcing.days_of(request.workspace.pk)
    shorter = {name: days for name, days in form.days.items() if days is not None and days != kept.get(name)}
    if request.POST.get("seen") != _seen(form.days):
        effect = _effect(enforcing.would_remove(request.workspace.pk, shorter))
        if effect:
            return render(
                request,
                PAGE,
                _page(request) | {"retention": form, "effect": effect, "seen": _seen(form.days)},
            )
    enforcing.set_days(request.workspace.pk, form.days, by=request.viewer.actor_id)
    messages.success(request, "Saved. What is too old is removed within minutes.")
    return redirect("privacy:page")


def _seen(days: dict[str, int | None]) -> str:
    return ",".join(f"{name}={many}" for name, many in days.items())


def _effect(counts: dict[str, int]) -> list[str]:
    """ "1,204 recordings", for each part of which something would go."""
    return [
        f"{count:,} {BY_NAME[name].one if count == 1 else BY_NAME[name].many}"
        for name, count in counts.items()
        if count
    ]


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def masked(request: HttpRequest) -> HttpResponse:
    form = MaskedForm(request.POST)
    if not form.is_valid():
        return render(request, PAGE, _page(request) | {"masked": form}, status=400)
    seeing.change(request.workspace.pk, form.roles, live=form.is_live, by=request.viewer.actor_id)
    messages.success(request, "Saved. It applies from the next page on.")
    return redirect("privacy:page")


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def erase(request: HttpRequest) -> HttpResponse:
    """Whom it is about is looked up first; erased is who was looked at."""
    form = CallerForm(request.POST)
    if not form.is_valid():
        return render(request, PAGE, _page(request) | {"caller": form}, status=400)
    caller = form.cleaned_data["caller"]
    if request.POST.get("sure") != "1":
        found = erasing.look(request.workspace.pk, numbers.digits_of(caller))
        return render(request, PAGE, _page(request) | {"caller": form, "found": found, "number": caller})
    asking.ask(caller, by=request.viewer)
    messages.success(request, "The caller is being erased. How far that is stands below.")
    return redirect("privacy:page")


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def place_hold(request: HttpRequest) -> HttpResponse:
    """On a call, from its page, or on a caller."""
    if request.POST.get("call"):
        calls = Call.objects.for_workspace(request.workspace)
        call = get_object_or_404(calls, pk=_uuid(request.POST["call"]))
        reason = request.POST.get("reason", "").strip()[: holds.LONGEST_REASON] or "No reason was given."
        holds.place(reason, by=request.viewer, call=call)
        return redirect("calls:call", call.pk)
    form = HoldForm(request.POST)
    if not form.is_valid():
        return render(request, PAGE, _page(request) | {"hold": form}, status=400)
    holds.place(form.cleaned_data["reason"], by=request.viewer, caller=form.cleaned_data["caller"])
    messages.success(request, "The caller is under legal hold: nothing of them is removed.")
    return redirect("privacy:page")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def lift_hold(request: HttpRequest, hold_id: UUID) -> HttpResponse:
    hold = get_object_or_404(LegalHold.objects.for_workspace(request.workspace), pk=hold_id)
    holds.lift(hold, by=request.viewer)
    messages.success(request, "The hold is lifted.")
    return redirect("privacy:page")


def _page(request: HttpRequest) -> dict[str, Any]:
    workspace_id = request.workspace.pk
    erasures = list(Erasure.objects.for_workspace(workspace_id).order_by("-id")[:MOST_SHOWN])
    standing = holds.standing(workspace_id).select_related("call", "placed_by")
    return frame("privacy") | {
        "retention": RetentionForm(initial=enforcing.days_of(workspace_id)),
        "masked": MaskedForm(initial=seeing.roles(workspace_id) | {LIVE: seeing.is_live(workspace_id)}),
        "caller": CallerForm(),
        "hold": HoldForm(),
        "erasures": erasures,
        "is_busy": any(each.status != Erasure.Status.DONE for each in erasures),
        "holds": [
            {"hold": hold, "caller": parts.masked(f"+{hold.caller}") if hold.caller else ""}
            for hold in standing[:MOST_SHOWN]
        ],
    }
