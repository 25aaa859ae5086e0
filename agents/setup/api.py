"""`/api/v1/providers` and `/api/v1/models`: where models are asked, and which there are. Keys stay in."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from agents import provision
from agents.models import LanguageModel, Provider, Tier
from agents.setup.forms import ModelForm, ProviderForm
from agents.setup.page import NEW, others, siblings
from base.api import (
    Listing,
    Money,
    Told,
    answers,
    bounded,
    checked,
    found,
    listed,
    money,
    named,
    ours,
    page_of,
    unique,
)
from base.forms import as_typed

router = Router(tags=["Models"])
ADMINS = access(Permission.MANAGE_WORKSPACE)
MODELS = LanguageModel.objects.select_related("provider")
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


class ProviderChange(Told):
    """What is left out stays as it is."""

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
    summary="List providers",
    auth=ADMINS,
    response=answers(page_of(ProviderOut), 400),
)
def list_providers(request: HttpRequest, asked: Query[Listing]):
    """Newest first."""
    return listed(request, Provider, asked, _provider)


@router.post(
    "/providers",
    summary="Add a provider",
    auth=ADMINS,
    response=answers(ProviderOut, 400, status=201),
)
def add_provider(request: HttpRequest, told: ProviderIn):
    """A private address is refused unless whoever runs Earshot allows it (`PRIVATE_HOSTS`)."""
    viewer, given = request.viewer, told.given()
    form = checked(ProviderForm(as_typed(given), others=ours(request, Provider)))
    fields = form.fields_typed | {"enabled": given.get("enabled", True)}
    with unique("name"):
        row = provision.create_provider(viewer.workspace_id, fields, by=viewer.actor_id)
    return Status(201, _provider(row))


@router.patch(
    "/providers/{uuid:provider}",
    summary="Change a provider",
    auth=ADMINS,
    response=answers(ProviderOut, 400, 404),
)
def edit_provider(request: HttpRequest, provider: UUID, told: ProviderChange):
    """Counts within five seconds."""
    row, given = found(request, Provider, provider), told.given()
    was = {"name": row.name, "kind": row.kind, "base_url": row.base_url}
    typed = as_typed(was | given)
    if "api_key" in given and not given["api_key"]:
        typed["forget_api_key"] = "on"
    form = checked(ProviderForm(typed, others=others(row.workspace_id, but=row), current=row))
    fields = form.fields_typed | {"enabled": given.get("enabled", row.enabled)}
    with unique("name"):
        provision.edit(row, fields, by=request.viewer.actor_id)
    return _provider(row)


@router.delete(
    "/providers/{uuid:provider}",
    summary="Delete a provider",
    auth=ADMINS,
    response=answers(ProviderOut, 404),
)
def delete_provider(request: HttpRequest, provider: UUID):
    """Answers as it was. Its models go with it; what they have cost stays on record."""
    row = found(request, Provider, provider)
    shown = _provider(row)
    provision.delete(row, by=request.viewer.actor_id)
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


FIELDS = ModelForm.base_fields


class ModelChange(Told):
    """What is left out stays as it is. Prices are USD per million tokens."""

    name: str = Field(None, examples=["gpt-6-luna"])
    tier: Tier = None
    rank: int = bounded(FIELDS["rank"])
    context_tokens: int = bounded(FIELDS["context_tokens"])
    price_in: Price = None
    price_out: Price = None
    price_cached: Price | None = None
    timeout_ms: int = bounded(FIELDS["timeout_ms"])
    retries: int = bounded(FIELDS["retries"])
    hedge_ms: int | None = bounded(FIELDS["hedge_ms"])
    takes_temperature: bool = Field(None, strict=True)
    options: dict[str, Any] = Field(None, examples=[{"reasoning_effort": "none"}])
    enabled: bool = Field(None, strict=True)


class ModelIn(ModelChange):
    provider: UUID
    name: str = Field(examples=["gpt-6-luna"])
    tier: Tier


@router.get(
    "/models",
    summary="List models",
    auth=ADMINS,
    response=answers(page_of(ModelOut), 400),
)
def list_models(request: HttpRequest, asked: Query[Listing]):
    """Newest first."""
    return listed(request, MODELS, asked, _model)


@router.post(
    "/models",
    summary="Add a model",
    auth=ADMINS,
    response=answers(ModelOut, 400, status=201),
)
def add_model(request: HttpRequest, told: ModelIn):
    """What is left out is as on the page of a new model. Prices are USD per million tokens."""
    given = told.given()
    provider = named(request, "provider", Provider, given.pop("provider"))
    form = checked(ModelForm(as_typed(NEW | given), others=provider.language_models.all()))
    fields = form.cleaned_data | {"enabled": given.get("enabled", True)}
    with unique("name"):
        row = provision.create_model(provider, fields, by=request.viewer.actor_id)
    return Status(201, _model(row))


@router.patch(
    "/models/{uuid:model}",
    summary="Change a model",
    auth=ADMINS,
    response=answers(ModelOut, 400, 404),
)
def edit_model(request: HttpRequest, model: UUID, told: ModelChange):
    """Counts within five seconds. What it cost until now keeps the prices of then."""
    row, given = found(request, MODELS, model), told.given()
    was = {name: getattr(row, name) for name in ModelForm.base_fields}
    form = checked(ModelForm(as_typed(was | given), others=siblings(row)))
    fields = form.cleaned_data | {"enabled": given.get("enabled", row.enabled)}
    with unique("name"):
        provision.edit(row, fields, by=request.viewer.actor_id)
    return _model(row)


@router.delete(
    "/models/{uuid:model}",
    summary="Delete a model",
    auth=ADMINS,
    response=answers(ModelOut, 404),
)
def delete_model(request: HttpRequest, model: UUID):
    """Answers as it was. What it has cost stays on record."""
    row = found(request, MODELS, model)
    shown = _model(row)
    provision.delete(row, by=request.viewer.actor_id)
    return shown


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
        price_cached=money(row.price_cached),
        timeout_ms=row.timeout_ms,
        retries=row.retries,
        hedge_ms=row.hedge_ms,
        takes_temperature=row.takes_temperature,
        options=row.options,
        enabled=row.enabled,
        created_at=row.created_at,
    )
