"""`/api/v1/providers` and `/api/v1/models`: where models are asked, and which there are. Keys stay in."""

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db import IntegrityError
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from ninja.errors import ValidationError
from pydantic import ConfigDict, Field

from accounts.api import access
from accounts.permissions import Permission
from agents import provision
from agents.models import LanguageModel, Provider, Tier
from agents.setup.forms import ModelForm, ProviderForm
from agents.setup.page import NEW, others, siblings
from base.api import Listing, Money, answers, invalid, money, paged
from base.forms import PartForm

router = Router(tags=["Models"])
ADMINS = access(Permission.MANAGE_WORKSPACE)
Price = Annotated[
    str, Field(pattern=r"^\d{1,6}(\.\d{1,4})?$", description="USD per million tokens.", examples=["0.10"])
]


# --- Providers ------------------------------------------------------------------------------------------


class ProviderOut(Schema):
    id: UUID
    name: str = Field(examples=["Ollama"])
    kind: Provider.Kind = Field(description="The wire it speaks.")
    base_url: str | None = Field(description="Null: the vendor’s own.")
    has_api_key: bool
    enabled: bool
    created_at: datetime


class ProviderList(Schema):
    items: list[ProviderOut]
    next: str | None


class ProviderChange(Schema):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(None, examples=["Ollama"])
    kind: Provider.Kind = None
    base_url: str | None = Field(
        None, description="Null or empty: the vendor’s own. With another one, give the key again."
    )
    api_key: str | None = Field(None, description="Kept encrypted, never told. Null or empty: none.")
    enabled: bool = Field(None, strict=True)


class ProviderIn(ProviderChange):
    name: str = Field(examples=["Ollama"])
    kind: Provider.Kind


@router.get(
    "/providers",
    operation_id="list_providers",
    summary="List providers",
    auth=ADMINS,
    response=answers(ProviderList, 400),
)
def list_providers(request: HttpRequest, asked: Query[Listing]):
    """Newest first."""
    found, following = paged(others(_workspace(request)), asked, _workspace(request))
    return ProviderList(items=[_provider(row) for row in found], next=following)


@router.post(
    "/providers",
    operation_id="add_provider",
    summary="Add a provider",
    auth=ADMINS,
    response=answers(ProviderOut, 400, status=201),
)
def add_provider(request: HttpRequest, told: ProviderIn):
    """A private address is refused unless whoever runs Earshot allows it (`PRIVATE_HOSTS`)."""
    typed = told.model_dump(exclude_unset=True)
    form = _valid(ProviderForm(_text(typed), others=others(_workspace(request))))
    fields = form.fields_typed | {"enabled": typed.get("enabled", True)}
    return Status(201, _provider(_unique(provision.create_provider, _workspace(request), fields, request)))


@router.patch(
    "/providers/{uuid:provider}",
    operation_id="edit_provider",
    summary="Change a provider",
    auth=ADMINS,
    response=answers(ProviderOut, 400, 404),
)
def edit_provider(request: HttpRequest, provider: UUID, told: ProviderChange):
    """Counts within five seconds."""
    row = _the_provider(request, provider)
    typed = told.model_dump(exclude_unset=True)
    was = {"name": row.name, "kind": row.kind, "base_url": row.base_url}
    text = _text(was | typed)
    if "api_key" in typed and not typed["api_key"]:
        text["forget_api_key"] = "on"
    form = _valid(ProviderForm(text, others=others(_workspace(request), but=row), current=row))
    fields = form.fields_typed | {"enabled": typed.get("enabled", row.enabled)}
    _unique(provision.edit, row, fields, request)
    return _provider(row)


@router.delete(
    "/providers/{uuid:provider}",
    operation_id="delete_provider",
    summary="Delete a provider",
    auth=ADMINS,
    response=answers(ProviderOut, 404),
)
def delete_provider(request: HttpRequest, provider: UUID):
    """Answers as it was. Its models go with it; what they have cost stays on record."""
    row = _the_provider(request, provider)
    shown = _provider(row)
    provision.delete(row, by=_actor(request))
    return shown


# --- Models ---------------------------------------------------------------------------------------------


class ModelOut(Schema):
    id: UUID
    provider: UUID
    name: str = Field(description="As the provider’s API calls it.", examples=["gpt-6-luna"])
    tier: Tier
    rank: int = Field(description="The lowest of a tier is asked first.")
    context_tokens: int
    price_in: Money
    price_out: Money
    price_cached: Money | None = Field(description="Null: as much as the rest of the prompt.")
    timeout_ms: int = Field(description="To the first token, and between any two.")
    retries: int
    hedge_ms: int | None = Field(
        description="A first token later than this has the next model asked as well."
    )
    takes_temperature: bool
    options: dict[str, Any] = Field(description="Sent along with every request.")
    enabled: bool
    created_at: datetime


class ModelList(Schema):
    items: list[ModelOut]
    next: str | None


def _number(name: str) -> Any:
    """A whole number within the bounds that the page's form has."""
    field = ModelForm.base_fields[name]
    return Field(None, strict=True, ge=field.min_value, le=field.max_value)


class ModelChange(Schema):
    """What is left out stays as it is. Prices are USD per million tokens."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(None, examples=["gpt-6-luna"])
    tier: Tier = None
    rank: int = _number("rank")
    context_tokens: int = _number("context_tokens")
    price_in: Price = None
    price_out: Price = None
    price_cached: Price | None = None
    timeout_ms: int = _number("timeout_ms")
    retries: int = _number("retries")
    hedge_ms: int | None = _number("hedge_ms")
    takes_temperature: bool = Field(None, strict=True)
    options: dict[str, Any] = Field(None, examples=[{"reasoning_effort": "none"}])
    enabled: bool = Field(None, strict=True)


class ModelIn(ModelChange):
    provider: UUID
    name: str = Field(examples=["gpt-6-luna"])
    tier: Tier


@router.get(
    "/models",
    operation_id="list_models",
    summary="List models",
    auth=ADMINS,
    response=answers(ModelList, 400),
)
def list_models(request: HttpRequest, asked: Query[Listing]):
    """Newest first."""
    found, following = paged(_models(request), asked, _workspace(request))
    return ModelList(items=[_model(row) for row in found], next=following)


@router.post(
    "/models",
    operation_id="add_model",
    summary="Add a model",
    auth=ADMINS,
    response=answers(ModelOut, 400, status=201),
)
def add_model(request: HttpRequest, told: ModelIn):
    """What is left out is as on the page of a new model. Prices are USD per million tokens."""
    typed = told.model_dump(exclude_unset=True)
    provider = others(_workspace(request)).filter(pk=typed.pop("provider")).first()
    if provider is None:
        raise invalid({"provider": "there is no such provider"}, "body")
    form = _valid(ModelForm(_text(NEW | typed), others=provider.language_models.all()))
    fields = form.cleaned_data | {"enabled": typed.get("enabled", True)}
    return Status(201, _model(_unique(provision.create_model, provider, fields, request)))


@router.patch(
    "/models/{uuid:model}",
    operation_id="edit_model",
    summary="Change a model",
    auth=ADMINS,
    response=answers(ModelOut, 400, 404),
)
def edit_model(request: HttpRequest, model: UUID, told: ModelChange):
    """Counts within five seconds. What it cost until now keeps the prices of then."""
    row = _the_model(request, model)
    typed = told.model_dump(exclude_unset=True)
    was = {name: getattr(row, name) for name in ModelForm.base_fields}
    form = _valid(ModelForm(_text(was | typed), others=siblings(row)))
    fields = form.cleaned_data | {"enabled": typed.get("enabled", row.enabled)}
    _unique(provision.edit, row, fields, request)
    return _model(row)


@router.delete(
    "/models/{uuid:model}",
    operation_id="delete_model",
    summary="Delete a model",
    auth=ADMINS,
    response=answers(ModelOut, 404),
)
def delete_model(request: HttpRequest, model: UUID):
    """Answers as it was. What it has cost stays on record."""
    row = _the_model(request, model)
    shown = _model(row)
    provision.delete(row, by=_actor(request))
    return shown


# --- Both -----------------------------------------------------------------------------------------------


def _workspace(request: HttpRequest) -> UUID:
    return request.viewer.workspace_id


def _actor(request: HttpRequest) -> UUID | None:
    return request.viewer.user_id or request.viewer.token_id


def _the_provider(request: HttpRequest, provider: UUID) -> Provider:
    return get_object_or_404(others(_workspace(request)), pk=provider)


def _models(request: HttpRequest):
    return LanguageModel.objects.for_workspace(_workspace(request)).select_related("provider")


def _the_model(request: HttpRequest, model: UUID) -> LanguageModel:
    return get_object_or_404(_models(request), pk=model)


def _text(values: dict[str, Any]) -> dict[str, str]:
    """JSON values as a form has them: the pages and programs are held to the same rules."""
    return {name: _as_typed(value) for name, value in values.items()}


def _as_typed(value: Any) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, dict):
        return json.dumps(value) if value else ""
    return "on" if value is True else str(value)


def _valid(form: Any) -> Any:
    if not form.is_valid():
        raise _faults(form)
    return form


def _faults(form: PartForm) -> ValidationError:
    return invalid({field: problems[0] for field, problems in form.errors.items()}, "body")


def _unique(change: Any, on: Any, fields: dict[str, Any], request: HttpRequest) -> Any:
    try:
        return change(on, fields, by=_actor(request))
    except IntegrityError:
        # Somebody else was quicker by a moment; the form has looked.
        raise invalid({"name": "that name is taken"}, "body") from None


def _provider(row: Provider) -> ProviderOut:
    return ProviderOut(
        id=row.pk,
        name=row.name,
        kind=Provider.Kind(row.kind),
        base_url=row.base_url or None,
        has_api_key=bool(row.api_key),
        enabled=row.enabled,
        created_at=row.created_at,
    )


def _model(row: LanguageModel) -> ModelOut:
    return ModelOut(
        id=row.pk,
        provider=row.provider_id,
        name=row.name,
        tier=Tier(row.tier),
        rank=row.rank,
        context_tokens=row.context_tokens,
        price_in=money(row.price_in),
        price_out=money(row.price_out),
        price_cached=None if row.price_cached is None else money(row.price_cached),
        timeout_ms=row.timeout_ms,
        retries=row.retries,
        hedge_ms=row.hedge_ms,
        takes_temperature=row.takes_temperature,
        options=row.options,
        enabled=row.enabled,
        created_at=row.created_at,
    )
