"""What is pressed in Settings → Models. Each act says what it did on the page it leads back to."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.decorators import requires
from accounts.permissions import Permission
from agents import provision
from agents.models import LanguageModel, Provider
from agents.setup import page, trial
from agents.setup.forms import DeleteForm, ModelForm, ProviderForm
from agents.setup.views import the_model, the_provider

SOON = "Counts within 5 s."


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def add_provider(request: HttpRequest) -> HttpResponse:
    form = ProviderForm(request.POST, others=page.others(request.workspace))
    if not form.is_valid():
        context = page.new_provider(request.workspace, request.POST.get("preset", "other")) | {"form": form}
        return render(request, "settings/models/new.html", context, status=400)
    made = provision.create_provider(request.workspace, form.fields_typed, by=request.viewer.user_id)
    messages.success(request, f"{made.name} added. Now add the models to use there.")
    return redirect("models:provider", made.pk)


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def edit_provider(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    provider = the_provider(request, provider_id)
    others = page.others(request.workspace, but=provider)
    form = ProviderForm(request.POST, others=others, current=provider)
    if not form.is_valid():
        context = page.one_provider(provider) | {"form": form}
        return render(request, "settings/models/provider.html", context, status=400)
    provision.edit(provider, form.fields_typed, by=request.viewer.user_id)
    messages.success(request, f"Saved. {SOON}")
    return redirect("models:provider", provider.pk)


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def switch_provider(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    provider = the_provider(request, provider_id)
    _switch(request, provider)
    return redirect("models:provider", provider.pk)


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def delete_provider(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    provider = the_provider(request, provider_id)
    form = DeleteForm(request.POST, expected=provider.name)
    if not form.is_valid():
        context = page.one_provider(provider) | {"delete_form": form}
        return render(request, "settings/models/provider.html", context, status=400)
    provision.delete(provider, by=request.viewer.user_id)
    messages.success(request, f"{provider.name} deleted.")
    return redirect("models:list")


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def add_model(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    provider = the_provider(request, provider_id)
    form = ModelForm(request.POST, others=provider.language_models.all())
    if not form.is_valid():
        context = page.new_model(provider) | {"form": form}
        return render(request, "settings/models/new_model.html", context, status=400)
    made = provision.create_model(provider, form.cleaned_data, by=request.viewer.user_id)
    messages.success(request, f"{made.name} added. {SOON} Test it below.")
    return redirect("models:model", made.pk)


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def edit_model(request: HttpRequest, model_id: UUID) -> HttpResponse:
    model = the_model(request, model_id)
    form = ModelForm(request.POST, others=page.siblings(model))
    if not form.is_valid():
        context = page.one_model(model) | {"form": form}
        return render(request, "settings/models/model.html", context, status=400)
    provision.edit(model, form.cleaned_data, by=request.viewer.user_id)
    messages.success(request, f"Saved. {SOON}")
    return redirect("models:model", model.pk)


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def switch_model(request: HttpRequest, model_id: UUID) -> HttpResponse:
    model = the_model(request, model_id)
    _switch(request, model)
    return redirect("models:model", model.pk)


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def delete_model(request: HttpRequest, model_id: UUID) -> HttpResponse:
    model = the_model(request, model_id)
    form = DeleteForm(request.POST, expected=model.name)
    if not form.is_valid():
        context = page.one_model(model) | {"delete_form": form}
        return render(request, "settings/models/model.html", context, status=400)
    provision.delete(model, by=request.viewer.user_id)
    messages.success(request, f"{model.name} deleted.")
    return redirect("models:provider", model.provider_id)


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def test_model(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """Ask it for a word, and show what came."""
    model = the_model(request, model_id)
    try:
        tested = trial.make(model)
    except trial.TooSoon:
        tested = trial.Result(False, "That was quick.", f"One test every {trial.EVERY_S} s. Try again.")
    return render(request, "settings/models/model.html", page.one_model(model) | {"tested": tested})


def _switch(request: HttpRequest, row: Provider | LanguageModel) -> None:
    """To what the button said: pressed twice, it is not back again."""
    enabled = request.POST.get("enabled") == "1"
    provision.edit(row, {"enabled": enabled}, by=request.viewer.user_id)
    messages.success(request, f"{row} is {'on' if enabled else 'off'}. {SOON}")
