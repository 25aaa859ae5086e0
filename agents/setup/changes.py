"""What is pressed in Settings → Models. Each act says what it did on the page it leads back to."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError
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
from base.forms import PartForm

T = TypeVar("T")
SOON = "Counts within 5 s."


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def add_provider(request: HttpRequest) -> HttpResponse:
    form = ProviderForm(request.POST, others=page.others(request.workspace))
    made = _done(
        form, lambda: provision.create_provider(request.workspace, form.fields_typed, by=_by(request))
    )
    if made is None:
        shown = page.new_provider(request.workspace, request.POST.get("preset", "other"))
        return _again(request, "new", shown, form=form)
    messages.success(request, f"{made.name} added. Now add the models to use there.")
    return redirect("models:provider", made.pk)


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def edit_provider(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    provider = the_provider(request, provider_id)
    others = page.others(request.workspace, but=provider)
    form = ProviderForm(request.POST, others=others, current=provider)
    if _done(form, lambda: provision.edit(provider, form.fields_typed, by=_by(request))) is None:
        return _again(request, "provider", page.one_provider(the_provider(request, provider_id)), form=form)
    return _saved(request, provider, "models:provider")


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def switch_provider(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    return _switch(request, the_provider(request, provider_id), "models:provider")


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def delete_provider(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    provider = the_provider(request, provider_id)
    refused = _delete(request, provider)
    if refused is not None:
        return _again(request, "provider", page.one_provider(provider), delete_form=refused)
    return redirect("models:list")


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def add_model(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    provider = the_provider(request, provider_id)
    form = ModelForm(request.POST, others=provider.language_models.all())
    made = _done(form, lambda: provision.create_model(provider, form.cleaned_data, by=_by(request)))
    if made is None:
        return _again(request, "new_model", page.new_model(provider), form=form)
    messages.success(request, f"{made.name} added. {SOON} Test it below.")
    return redirect("models:model", made.pk)


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def edit_model(request: HttpRequest, model_id: UUID) -> HttpResponse:
    model = the_model(request, model_id)
    form = ModelForm(request.POST, others=page.siblings(model))
    if _done(form, lambda: provision.edit(model, form.cleaned_data, by=_by(request))) is None:
        return _again(request, "model", page.one_model(the_model(request, model_id)), form=form)
    return _saved(request, model, "models:model")


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def switch_model(request: HttpRequest, model_id: UUID) -> HttpResponse:
    return _switch(request, the_model(request, model_id), "models:model")


@require_POST
@requires(Permission.MANAGE_WORKSPACE)
def delete_model(request: HttpRequest, model_id: UUID) -> HttpResponse:
    model = the_model(request, model_id)
    refused = _delete(request, model)
    if refused is not None:
        return _again(request, "model", page.one_model(model), delete_form=refused)
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


def _done(form: PartForm, change: Callable[[], T]) -> T | None:
    """What the change makes, or None: then the form says what is wrong."""
    if not form.is_valid():
        return None
    try:
        return change()
    except IntegrityError:
        form.add_error("name", "That name has just been taken: did you press twice?")
        return None


def _again(request: HttpRequest, name: str, shown: dict, **forms: PartForm) -> HttpResponse:
    """The page it was pressed on, with what is wrong."""
    return render(request, f"settings/models/{name}.html", shown | forms, status=400)


def _by(request: HttpRequest) -> UUID | None:
    return request.viewer.user_id


def _saved(request: HttpRequest, row: Provider | LanguageModel, address: str) -> HttpResponse:
    messages.success(request, f"Saved. {SOON}")
    return redirect(address, row.pk)


def _switch(request: HttpRequest, row: Provider | LanguageModel, address: str) -> HttpResponse:
    """To what the button said: pressed twice, it is not back again."""
    enabled = request.POST.get("enabled") == "1"
    provision.edit(row, {"enabled": enabled}, by=_by(request))
    messages.success(request, f"{row} is {'on' if enabled else 'off'}. {SOON}")
    return redirect(address, row.pk)


def _delete(request: HttpRequest, row: Provider | LanguageModel) -> DeleteForm | None:
    """None: it is deleted. Else the form says what is wrong."""
    form = DeleteForm(request.POST, expected=row.name)
    if not form.is_valid():
        return form
    provision.delete(row, by=_by(request))
    messages.success(request, f"{row.name} deleted.")
    return None
