"""`/observability/`: is it us or them?"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.decorators import requires
from accounts.permissions import Permission
from observability import lists
from observability.boxes import boxes

LONGEST_TRACE = 64


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def page(request: HttpRequest) -> HttpResponse:
    """The whole page. `?trace=` adds all of one trace, `?show=errors` leaves failed model calls only."""
    trace = request.GET.get("trace", "").strip().lower()[:LONGEST_TRACE]
    context = _now(request) | {"section": "observability", "trace": trace}
    # One dialog for each question; providers are one question with several answers.
    context["questions"] = list({box.topic: box for box in context["boxes"]}.values())
    if lists.is_trace(trace):
        found = lists.of_trace(request.workspace.pk, trace)
        context |= {"found": found, "nothing_found": not any(one.answer.rows for one in found)}
    return render(request, "observability/page.html", context)


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def now(request: HttpRequest) -> HttpResponse:
    """The parts that change, for the page to take in. Asked for every few seconds by every open page."""
    return render(request, "observability/_now.html", _now(request))


def _now(request: HttpRequest) -> dict:
    only_errors = request.GET.get("show") == "errors"
    return {
        "now": timezone.now(),
        "boxes": boxes(request.workspace.pk),
        "lists": lists.lists(request.workspace.pk, only_errors=only_errors),
        "only_errors": only_errors,
    }
