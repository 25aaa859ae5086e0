"""`/api/v1/model-calls`: every attempt at a model."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from agents.llm.errors import ErrorType
from agents.models import ModelCall
from base.api import During, Money, Text, answers, listed, money, page_of

router = Router()


class ModelCalls(During):
    call: UUID = Field(None, description="Those made for this call.")
    model: Text = Field(
        None,
        description="Those to this model, by its provider’s name.",
        json_schema_extra={"example": "gpt-4.1"},
    )
    error: Literal["any", *get_args(ErrorType)] = Field(  # type: ignore[valid-type]
        None, description="Those that failed: in this way, or in any."
    )


class ModelCallOut(Schema):
    id: UUID
    call: UUID | None
    agent: UUID | None
    feature: str = Field(description="What asked for it.", examples=["voice"])
    provider: str = Field(examples=["OpenAI"])
    model: str = Field(examples=["gpt-4.1"])
    tier: str | None = Field(examples=["fast"])
    attempt: int = Field(description="1, or more after others of the chain failed.")
    fallback_from: str | None = Field(description="The model that failed before this one.")
    cache_hit: bool
    tokens_in: int = Field(description="All of the prompt, its cached part included.")
    tokens_cached: int
    tokens_out: int
    estimated: bool = Field(description="The vendor never said; the tokens were counted from the text.")
    cost_usd: Money
    first_token_ms: int | None
    duration_ms: int
    finish: str | None = Field(description="How it ended.", examples=["stop"])
    error_type: str | None = Field(examples=["timeout"])
    error_code: str | None = Field(description="The vendor’s word for it.", examples=["insufficient_quota"])
    request_id: str | None = Field(description="The vendor’s, for their support.")
    trace_id: str | None
    created_at: datetime


@router.get(
    "/model-calls",
    tags=["Model calls"],
    summary="List model calls",
    auth=access(Permission.SEE_CALLS),
    response=answers(page_of(ModelCallOut), 400),
)
def list_model_calls(request: HttpRequest, asked: Query[ModelCalls]):
    """Every attempt at a model, newest first, those that failed too."""
    rows = asked.narrow(ModelCall.objects.all())
    if asked.call:
        rows = rows.filter(call_id=asked.call)
    if asked.model:
        rows = rows.filter(model=asked.model)
    if asked.error:
        rows = rows.exclude(error_type="") if asked.error == "any" else rows.filter(error_type=asked.error)
    return listed(request, rows, asked, _model_call)


def _model_call(row: ModelCall) -> ModelCallOut:
    return ModelCallOut(
        id=row.pk,
        call=row.call_id,
        agent=row.agent_id,
        feature=row.feature,
        provider=row.provider,
        model=row.model,
        tier=row.tier or None,
        attempt=row.attempt,
        fallback_from=row.fallback_from or None,
        cache_hit=row.cache_hit,
        tokens_in=row.tokens_in,
        tokens_cached=row.tokens_cached,
        tokens_out=row.tokens_out,
        estimated=row.estimated,
        cost_usd=money(row.cost_usd),
        first_token_ms=row.first_token_ms,
        duration_ms=row.duration_ms,
        finish=row.finish or None,
        error_type=row.error_type or None,
        error_code=row.error_code or None,
        request_id=row.request_id or None,
        trace_id=row.trace_id or None,
        created_at=row.created_at,
    )
