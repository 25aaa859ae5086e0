"""`/api/v1/tools`: what agents can do by asking services of the workspace's own. Headers stay in."""

import json
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from ninja.errors import HttpError
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from agents import provision, registry, schemas
from agents.llm.request import ToolSpec
from agents.llm.tools import BUILT_IN
from agents.models import Agent, Tool
from agents.tooling import changes
from agents.tooling.forms import NEW, ToolForm
from base.api import Listing, Told, answers, bounded, checked, found, invalid, ours, page_of, paged, unique
from base.forms import as_typed

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


class OwnToolOut(Schema):
    name: str = Field(examples=["end_call"])
    description: str
    parameters: dict[str, Any] = Field(description="JSON Schema of its arguments.")
    kind: Literal["built_in", "registered"] = Field(
        description="built_in: the call itself acts on it. registered: a function of Earshot’s."
    )


class OwnToolList(Schema):
    items: list[OwnToolOut]


FIELDS = ToolForm.base_fields


class HttpToolChange(Told):
    """What is left out stays as it is. Its name does: versions know it by that."""

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
    timeout_ms: int = bounded(FIELDS["timeout_ms"])
    retries: int = bounded(FIELDS["retries"])


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
    summary="List tools",
    auth=EDITORS,
    response=answers(page_of(HttpToolOut), 400),
)
def list_tools(request: HttpRequest, asked: Query[Listing]):
    """The workspace’s own, newest first. Earshot’s are at `/tools/own`."""
    tools, following = paged(ours(request, Tool), asked, request.viewer.workspace_id)
    named = list(ours(request, Agent).exclude(live_version=None).values_list("pk", "live_version__tools"))
    users = {tool.name: [pk for pk, names in named if tool.name in names] for tool in tools}
    return {"items": [_tool(tool, users[tool.name]) for tool in tools], "next": following}


@router.get(
    "/tools/own",
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
    summary="Check parameters as they are typed",
    auth=EDITORS,
    response=answers(SchemaFaults, 400),
)
def check_tool_parameters(request: HttpRequest, told: SchemaIn):
    """The first few faults with their lines. Nothing is kept."""
    return {"faults": schemas.faults(told.schema_text)}


@router.post(
    "/tools",
    summary="Add a tool",
    auth=EDITORS,
    response=answers(HttpToolOut, 400, status=201),
)
def add_tool(request: HttpRequest, told: HttpToolIn):
    """An agent uses it once its version names it. A private address is refused unless whoever runs Earshot
    allows it (`PRIVATE_HOSTS`)."""
    viewer = request.viewer
    form = checked(ToolForm(as_typed(NEW | told.given()), others=ours(request, Tool)))
    with unique("name"):
        tool = provision.create_tool(viewer.workspace_id, form.fields_typed, by=viewer.actor_id)
    return Status(201, _tool(tool, []))


@router.get(
    "/tools/{uuid:tool}",
    summary="Get a tool",
    auth=EDITORS,
    response=answers(HttpToolOut, 404),
)
def get_tool(request: HttpRequest, tool: UUID):
    """As it is asked from now on."""
    return _told(found(request, Tool, tool))


@router.patch(
    "/tools/{uuid:tool}",
    summary="Change a tool",
    auth=EDITORS,
    response=answers(HttpToolOut, 400, 404),
)
def edit_tool(request: HttpRequest, tool: UUID, told: HttpToolChange):
    """Counts within five seconds, for every agent that uses it."""
    row, given = found(request, Tool, tool), told.given()
    was = {name: getattr(row, name) for name in (*NEW, "name", "description", "url")}
    typed = as_typed(was | given)
    if "headers" in given and not given["headers"]:
        typed["forget_headers"] = "on"
    form = checked(ToolForm(typed, others=ours(request, Tool).exclude(pk=row.pk), current=row))
    provision.edit(row, form.fields_typed, by=request.viewer.actor_id)
    return _told(row)


@router.delete(
    "/tools/{uuid:tool}",
    summary="Delete a tool",
    auth=EDITORS,
    response=answers(HttpToolOut, 400, 404),
)
def delete_tool(request: HttpRequest, tool: UUID):
    """Answers as it was. One that a live version names stays: publish a version without it first."""
    row = found(request, Tool, tool)
    shown = _told(row)
    try:
        changes.delete(row, by=request.viewer.actor_id)
    except changes.InUse as used:
        raise invalid({"tool": f"{used} uses it: publish a version without it first"}) from None
    return shown


@router.post(
    "/tools/{uuid:tool}/try",
    summary="Try a tool",
    auth=EDITORS,
    response=answers(TrialOut, 400, 404, 429),
)
def try_tool(request: HttpRequest, tool: UUID, told: TrialIn):
    """Uses it once, for real: what it does is done. One at a time in a workspace, and not more than one a
    second."""
    row = found(request, Tool, tool)
    try:
        result = changes.try_out(row, told.arguments, by=request.viewer.actor_id)
    except changes.TooSoon:
        raise HttpError(429, "a tool is being tried, or was a moment ago") from None
    return TrialOut(ok=result.ok, kind=result.kind, text=result.text, duration_ms=result.duration_ms)


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
