"""Settings → Models, as it is looked at. What changes something is in changes.py."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.decorators import requires
from accounts.permissions import Permission
from agents.models import LanguageModel, Provider
from agents.setup import page


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def models(request: HttpRequest) -> HttpResponse:
    """Every provider, and every model in the order they are asked."""
    return render(request, "settings/models/list.html", page.everything(request.workspace))


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def new_provider(request: HttpRequest) -> HttpResponse:
    """A choice of what to begin with; with ?preset= the form."""
    preset = request.GET.get("preset", "")
    return render(request, "settings/models/new.html", page.new_provider(request.workspace, preset))


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def provider(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    return render(
        request, "settings/models/provider.html", page.one_provider(the_provider(request, provider_id))
    )


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def new_model(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    return render(
        request, "settings/models/new_model.html", page.new_model(the_provider(request, provider_id))
    )


@require_GET
@requires(Permission.MANAGE_WORKSPACE)
def model(request: HttpRequest, model_id: UUID) -> HttpResponse:
    return render(request, "settings/models/model.html", page.one_model(the_model(request, model_id)))


def the_provider(request: HttpRequest, provider_id: UUID) -> Provider:
    return get_object_or_404(Provider.objects.for_workspace(request.workspace), pk=provider_id)


def the_model(request: HttpRequest, model_id: UUID) -> LanguageModel:
    rows = LanguageModel.objects.for_workspace(request.workspace).select_related("provider")
    return get_object_or_404(rows, pk=model_id)
