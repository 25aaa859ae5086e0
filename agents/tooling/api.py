"""`/api/v1/tools`: what agents can do by asking services of the workspace's own. Headers stay in."""

import json
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import IntegrityError
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from ninja.errors import HttpError
from pydantic import ConfigDict, Field

from accounts.api import access
from accounts.permissions import Permission
from agents import provision, registry, schemas
from agents.llm.request import ToolSpec
from agents.llm.tools import BUILT_IN
from agents.models import Agent, Tool
from agents.tooling import changes
from agents.tooling.forms import NEW, ToolForm
from base.api import Listing, answers, invalid, paged

router = Router(tags=["Tools"])
EDITORS = access(Permission.EDIT_AGENTS)

_PARAMETERS = {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}


class HttpToolOut(Schema):
    id: UUID
    name: str = Field(description="As versions name it.", examples=["order.find"])
    description: str = Field(examples=["Find an order by its number."])
    method: Tool.Method
    url: str = Field(examples=["https://shop.example/orders/{order_id}"])
    parameters: dict[str, Any] = Field(description="JSON Schema of its arguments.", examples=[_PARAMETERS])
    header_names: list[str] = Field(description="Those it sends; their values are never told.")
    timeout_ms: int = Field(description="For all of it: redirects, pauses and further tries.")
    retries: int
    used_by: list[UUID] = Field(description="Agents whose live version names it.")
    created_at: datetime


class HttpToolList(Schema):
    items: list[HttpToolOut]
    next: str | None


class OwnToolOut(Schema):
    name: str = Field(examples=["end_call"])
    description: str
    parameters: dict[str, Any] = Field(description="JSON Schema of its arguments.")
    kind: Literal["built_in", "registered"] = Field(
        description="built_in: the call itself acts on it. registered: a function of Earshot’s."
    )


class OwnToolList(Schema):
    items: list[OwnToolOut]


def _number(name: str) -> Any:
    """A whole number within the bounds that the form has."""
    field = ToolForm.base_fields[name]
    return Field(None, strict=True, ge=field.min_value, le=field.max_value)


class HttpToolChange(Schema):
    """What is left out stays as it is. Its name does: versions know it by that."""

    model_config = ConfigDict(extra="forbid")

    description: str = Field(None, examples=["Find an order by its number."])
    method: Tool.Method = None
    url: str = Field(
        None,
        description="`{order_id}` in its path or query stands for an argument.",
        examples=["https://shop.example/orders/{order_id}"],
    )
    parameters: dict[str, Any] = Field(
        None, description="JSON Schema of its arguments.", examples=[_PARAMETERS]
    )
    headers: dict[str, str] | None = Field(
        None,
        description="Kept encrypted, never told. Null: none. With another origin in `url`, give them again.",
        examples=[{"Authorization": "Bearer …"}],
    )
    timeout_ms: int = _number("timeout_ms")
    retries: int = _number("retries")


class HttpToolIn(HttpToolChange):
    name: str = Field(examples=["order.find"])
    description: str = Field(examples=["Find an order by its number."])
    url: str = Field(examples=["https://shop.example/orders/{order_id}"])


class SchemaIn(Schema):
    schema_text: str = Field(alias="schema", description="As it is typed, JSON or not yet.")


class SchemaFaultOut(Schema):
    line: int = Field(description="From 1.")
    column: int = Field(description="From 1.")
    path: str = Field(description="Empty: the whole, or no JSON at all.", examples=["properties.id.type"])
    message: str = Field(description="For people.")


class SchemaFaults(Schema):
    faults: list[SchemaFaultOut]


class TrialIn(Schema):
    arguments: dict[str, Any] = Field(examples=[{"order_id": "A-7"}])


class TrialOut(Schema):
    ok: bool
    kind: Literal["json", "text"]
    text: str = Field(description="What a model would read.")
    duration_ms: int


@router.get(
    "/tools",
    operation_id="list_tools",
    summary="List tools",
    auth=EDITORS,
    response=answers(HttpToolList, 400),
)
def list_tools(request: HttpRequest, asked: Query[Listing]):
    """The workspace’s own, newest first. Earshot’s are at `/tools/own`."""
    found, following = paged(_tools(request), asked, request.viewer.workspace_id)
    agents = Agent.objects.for_workspace(request.viewer.workspace_id).exclude(live_version=None)
    named = list(agents.values_list("pk", "live_version__tools"))
    users = {tool.name: [pk for pk, names in named if tool.name in names] for tool in found}
    return HttpToolList(items=[_tool(tool, users[tool.name]) for tool in found], next=following)


@router.get(
    "/tools/own",
    operation_id="list_own_tools",
    summary="List Earshot’s tools",
    auth=access(Permission.SEE_CALLS),
    response=answers(OwnToolList),
)
def list_own_tools(request: HttpRequest):
    """Those every agent may have: nobody sets them up."""
    ours = [_own(spec, "built_in") for spec in BUILT_IN.values()]
    return OwnToolList(
        items=ours + [_own(tool.spec, "registered") for tool in registry.registered().values()]
    )


@router.post(
    "/tools/check",
    operation_id="check_tool_parameters",
    summary="Check parameters as they are typed",
    auth=EDITORS,
    response=answers(SchemaFaults, 400),
)
def check_tool_parameters(request: HttpRequest, told: SchemaIn):
    """The first few faults with their lines. Nothing is kept."""
    found = schemas.faults(told.schema_text)
    return SchemaFaults(
        faults=[
            SchemaFaultOut(line=one.line, column=one.column, path=one.path, message=one.message)
            for one in found
        ]
    )


@router.post(
    "/tools",
    operation_id="add_tool",
    summary="Add a tool",
    auth=EDITORS,
    response=answers(HttpToolOut, 400, status=201),
)
def add_tool(request: HttpRequest, told: HttpToolIn):
    """An agent uses it once its version names it. A private address is refused unless whoever runs Earshot
    allows it (`PRIVATE_HOSTS`)."""
    typed = told.model_dump(exclude_unset=True)
    form = _valid(ToolForm(_text(NEW | typed), others=_tools(request)))
    try:
        tool = provision.create_tool(request.viewer.workspace_id, form.fields_typed, by=_actor(request))
    except IntegrityError:
        # Somebody else was quicker by a moment; the form has looked.
        raise invalid({"name": "that name is taken"}, "body") from None
    return Status(201, _tool(tool, []))


@router.get(
    "/tools/{uuid:tool}",
    operation_id="get_tool",
    summary="Get a tool",
    auth=EDITORS,
    response=answers(HttpToolOut, 404),
)
def get_tool(request: HttpRequest, tool: UUID):
    """As it is asked from now on."""
    return _told(_the_tool(request, tool))


@router.patch(
    "/tools/{uuid:tool}",
    operation_id="edit_tool",
    summary="Change a tool",
    auth=EDITORS,
    response=answers(HttpToolOut, 400, 404),
)
def edit_tool(request: HttpRequest, tool: UUID, told: HttpToolChange):
    """Counts within five seconds, for every agent that uses it."""
    row = _the_tool(request, tool)
    typed = told.model_dump(exclude_unset=True)
    was = {name: getattr(row, name) for name in (*NEW, "name", "description", "url")}
    text = _text(was | typed)
    if "headers" in typed and not typed["headers"]:
        text["forget_headers"] = "on"
    form = _valid(ToolForm(text, others=_tools(request).exclude(pk=row.pk), current=row))
    provision.edit(row, form.fields_typed, by=_actor(request))
    return _told(row)


@router.delete(
    "/tools/{uuid:tool}",
    operation_id="delete_tool",
    summary="Delete a tool",
    auth=EDITORS,
    response=answers(HttpToolOut, 400, 404),
)
def delete_tool(request: HttpRequest, tool: UUID):
    """Answers as it was. One that a live version names stays: publish a version without it first."""
    row = _the_tool(request, tool)
    shown = _told(row)
    try:
        changes.delete(row, by=_actor(request))
    except changes.InUse as used:
        raise invalid({"tool": f"{used} uses it: publish a version without it first"}, "body") from None
    return shown


@router.post(
    "/tools/{uuid:tool}/try",
    operation_id="try_tool",
    summary="Try a tool",
    auth=EDITORS,
    response=answers(TrialOut, 400, 404, 429),
)
def try_tool(request: HttpRequest, tool: UUID, told: TrialIn):
    """Uses it once, for real: what it does is done. One at a time in a workspace, and not more than one a
    second."""
    row = _the_tool(request, tool)
    try:
        result = changes.try_out(row, told.arguments, by=_actor(request))
    except changes.TooSoon:
        raise HttpError(429, "a tool is being tried, or was a moment ago") from None
    return TrialOut(ok=result.ok, kind=result.kind, text=result.text, duration_ms=result.duration_ms)


def _actor(request: HttpRequest) -> UUID | None:
    return request.viewer.user_id or request.viewer.token_id


def _tools(request: HttpRequest):
    return Tool.objects.for_workspace(request.viewer.workspace_id)


def _the_tool(request: HttpRequest, tool: UUID) -> Tool:
    return get_object_or_404(_tools(request), pk=tool)


def _text(values: dict[str, Any]) -> dict[str, str]:
    """JSON values as a form has them, as in agents/setup/api.py."""
    return {
        name: json.dumps(value) if isinstance(value, dict) else "" if value is None else str(value)
        for name, value in values.items()
    }


def _valid(form: ToolForm) -> ToolForm:
    if not form.is_valid():
        raise invalid({field: problems[0] for field, problems in form.errors.items()}, "body")
    return form


def _own(spec: ToolSpec, kind: Literal["built_in", "registered"]) -> OwnToolOut:
    return OwnToolOut(name=spec.name, description=spec.description, parameters=spec.parameters, kind=kind)


def _told(tool: Tool) -> HttpToolOut:
    return _tool(tool, [agent.pk for agent in changes.used_by(tool)])


def _tool(tool: Tool, users: list[UUID]) -> HttpToolOut:
    return HttpToolOut(
        id=tool.pk,
        name=tool.name,
        description=tool.description,
        method=Tool.Method(tool.method),
        url=tool.url,
        parameters=tool.parameters,
        header_names=sorted(json.loads(tool.headers)) if tool.headers else [],
        timeout_ms=tool.timeout_ms,
        retries=tool.retries,
        used_by=users,
        created_at=tool.created_at,
    )
