"""Switching the current workspace. Signing in and out are allauth's views."""

import re
from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.decorators import requires
from accounts.models import Membership
from accounts.permissions import Permission
from accounts.sessions import WORKSPACE

_NAMES_A_ROW = re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}(/|$)", re.IGNORECASE)


@require_POST
@requires(Permission.SEE_CALLS)
def switch_workspace(request: HttpRequest) -> HttpResponse:
    """Make another of one's workspaces the current one, and stay on the page if it is not about one row."""
    wanted = request.POST.get("workspace", "")
    memberships = Membership.objects.filter(user_id=request.viewer.user_id)
    membership = next((row for row in memberships if str(row.workspace_id) == wanted), None)
    if membership is None:
        raise Http404
    request.session[WORKSPACE] = wanted
    return redirect(_page_to_keep(request) or "/")


def _page_to_keep(request: HttpRequest) -> str:
    page = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure()):
        return ""
    path = urlsplit(page).path
    # Alone it must be ours too: of `http://us//them/` only `//them/` is left, which is another host.
    if not url_has_allowed_host_and_scheme(path, None) or _NAMES_A_ROW.search(path):
        return ""
    return path
