"""What ⌘K asks for."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from accounts.decorators import requires
from accounts.permissions import Permission
from calls.lists import palette


@require_GET
@requires(Permission.SEE_CALLS)
def palette_names(request: HttpRequest) -> JsonResponse:
    """Calls on the line and agents: what is there at once."""
    return JsonResponse(palette.names(request.workspace.pk, _question(request)))


@require_GET
@requires(Permission.SEE_WORDS)
def palette_calls(request: HttpRequest) -> JsonResponse:
    """Calls in which it was said, which takes a moment longer."""
    return JsonResponse(palette.calls(request.workspace.pk, _question(request)))


def _question(request: HttpRequest) -> str:
    return request.GET.get("q", "")[: palette.LONGEST]
