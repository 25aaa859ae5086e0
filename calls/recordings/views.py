"""A call's sound, and what its player draws."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_safe

from accounts.decorators import requires
from accounts.permissions import Permission
from calls.models import Call, Recording
from calls.recordings import serving, told


@require_safe
@requires(Permission.SEE_WORDS)
def recording(request: HttpRequest, call_id: UUID) -> HttpResponseBase:
    """The sound itself, or a part of it; `?download` names the file. 404 where there is none."""
    rows = Recording.objects.for_workspace(request.workspace).select_related("call__agent")
    found = get_object_or_404(rows.defer("peaks", "source"), call=call_id)
    if told.hides(found.call):
        raise PermissionDenied(told.HIDDEN)
    return serving.answer(request, found, download="download" in request.GET)


@require_GET
@requires(Permission.SEE_WORDS)
@gzip_page
def heard(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """What the player draws: calls/recordings/told.py, `heard`."""
    call = get_object_or_404(Call.objects.for_workspace(request.workspace), pk=call_id)
    answer = JsonResponse(told.heard(call))
    patch_cache_control(answer, private=True, no_cache=True)
    return answer
