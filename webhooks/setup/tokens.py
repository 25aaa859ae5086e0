"""Settings → API tokens: made and shown once, looked over, revoked."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import IntegrityError
from django.db.models import Case, Q, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.access import Viewer
from accounts.decorators import requires
from accounts.models import ApiToken, Role, User
from accounts.permissions import PERMISSIONS, Permission
from accounts.tokens import create_token, revoke_token
from base.forms import PartForm
from base.ids import uuid7
from base.settings_pages import frame

MOST_LISTED = 200
_LASTS = {"30": "30 days", "90": "90 days", "365": "1 year", "": "Until it is revoked"}


class TokenForm(PartForm):
    part = "token"
    # The id it will have, given with the form: the same form sent again, as by a reload, makes no second one.
    made_as = forms.UUIDField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(max_length=80, error_messages={"required": "Say what it is for."})
    role = forms.ChoiceField(error_messages={"invalid_choice": "Choose a role you have yourself."})
    days = forms.ChoiceField(choices=list(_LASTS.items()), required=False)

    def __init__(self, *args, roles: list[Role], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]


def grantable(viewer: Viewer) -> list[Role]:
    """The roles a token of this person may have: none that can do more than they can."""
    own = PERMISSIONS[viewer.role]
    return [role for role in reversed(Role) if PERMISSIONS[role] <= own]


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def tokens(request: HttpRequest) -> HttpResponse:
    return render(request, "settings/tokens.html", _page(request))


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def create(request: HttpRequest) -> HttpResponse:
    """Make one and show it: this once, kept by no cache."""
    form = TokenForm(request.POST, roles=grantable(request.viewer))
    if not form.is_valid():
        return render(request, "settings/tokens.html", _page(request) | {"form": form}, status=400)
    days = form.cleaned_data["days"]
    try:
        token, plain = create_token(
            request.workspace,
            form.cleaned_data["name"],
            form.cleaned_data["role"],
            User.objects.get(pk=request.viewer.user_id),
            timezone.now() + timedelta(days=int(days)) if days else None,
            token_id=form.cleaned_data["made_as"],
        )
    except IntegrityError:
        messages.error(request, "That token is made already, and was shown once. If it got lost, revoke it.")
        return redirect("settings:tokens")
    context = _page(request) | {"made": token, "plain": plain}
    response = render(request, "settings/tokens.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.for_workspace(request.workspace), pk=token_id)
    revoke_token(token, User.objects.get(pk=request.viewer.user_id))
    messages.success(request, f"{token.name} revoked. Streams it holds open end within 15 s.")
    return redirect("settings:tokens")


def _page(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    over = Case(When(Q(revoked_at__isnull=False) | Q(expires_at__lte=now), then=1), default=0)
    # Those that work stand first, so that each can be revoked however many have been; within, the newest.
    rows = ApiToken.objects.for_workspace(request.workspace).order_by(over, "-id")[:MOST_LISTED]
    return frame("tokens") | {
        "rows": [{"token": token, "state": _state(token, now)} for token in rows],
        "form": TokenForm(
            roles=grantable(request.viewer),
            initial={"made_as": uuid7(), "role": Role.OPERATOR.value, "days": "90"},
        ),
    }


def _state(token: ApiToken, now) -> str:
    if token.revoked_at:
        return "Revoked"
    return "Expired" if token.expires_at and token.expires_at <= now else "Works"
