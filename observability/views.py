"""`/observability/`: is it us or them?"""

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.decorators import requires
from accounts.permissions import Permission
from base.errors import json_error
from observability import health, lists
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


@require_GET
@requires(Permission.SEE_CALLS)
def health_of_models(request: HttpRequest) -> HttpResponse:
    """`/health/ai`: each model provider healthy, degraded or down, for whoever has a login or a token."""
    found = health.of(request.workspace.pk)
    if found.answer.failed:
        return json_error(503, message="The database did not answer in time.")
    body = {
        "status": found.status,
        "as_of": timezone.now(),
        "window_ms": round(health.SPAN.total_seconds() * 1_000),
        "providers": [_told(provider) for provider in found.providers],
    }
    return JsonResponse(body, headers={"cache-control": "no-store"})


def _told(one: health.ProviderHealth | health.ModelHealth) -> dict:
    """A provider or a model as JSON: its own fields, its status, and its figures beside them."""
    fields = asdict(one)
    told = {"name": fields.pop("name"), "status": one.status} | fields.pop("figures") | fields
    if isinstance(one, health.ProviderHealth):
        told["models"] = [_told(model) for model in one.models]
    return told


def _now(request: HttpRequest) -> dict:
    only_errors = request.GET.get("show") == "errors"
    return {
        "now": timezone.now(),
        "boxes": boxes(request.workspace.pk),
        "health": health.of(request.workspace.pk),
        "lists": lists.lists(request.workspace.pk, only_errors=only_errors),
        "only_errors": only_errors,
    }
