"""`/api/v1/agents/{id}/draft` and what becomes of it: published, compared, gone back to."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from ninja.errors import ValidationError
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from agents.drafting import compare, content, drafts, shapes
from agents.drafting.drafts import Moved, NotPublishable
from agents.drafting.shapes import ContentChange, ContentOut, DraftFault, FieldChange
from agents.models import Agent, AgentDraft, AgentVersion
from agents.roster.api import AGENTS
from base.api import Asked, Listing, Told, answers, found, invalid, page_of, paged
from base.errors import json_error
from platforms.clean import clean

router = Router(tags=["Agents"])
READERS, EDITORS = access(Permission.SEE_WORDS), access(Permission.EDIT_AGENTS)
DRAFT = "draft"
NUMBERS = 2**31  # whole numbers that the database holds


class VersionOut(Schema):
    id: UUID
    number: int = Field(examples=[3])
    name: str | None = Field(description="What people call it.")
    is_live: bool
    prompt: str
    first_message: str | None = Field(description="Null: the caller speaks first.")
    voice: str | None
    language: str = Field(examples=["en-GB"])
    speed: float = Field(description="Of the voice; 1 is its own.")
    tier: str = Field(examples=["fast"])
    chain: list[str] = Field(description="Ids of models, in order; empty: the tier’s own order.")
    temperature: float
    tools: list[str] = Field(examples=[["account.lookup", "end_call"]])
    variables: dict[str, str] = Field(description="What `{{name}}` in its texts stands for.")
    rules: list[dict[str, Any]] = Field(description="When a person has to be told.")
    note: str | None = Field(description="Why it was published.")
    created_by: UUID | None
    created_at: datetime


class DraftOut(Schema):
    revision: int = Field(description="Goes up with every change; 0: nobody has written anything yet.")
    base: int | None = Field(description="The version that its changes are to; null: there is none yet.")
    content: ContentOut
    changes: list[FieldChange] = Field(description="What publishing it would change.")
    faults: list[DraftFault]
    edited_by: shapes.Person | None
    edited_at: datetime | None


class DraftSaved(Schema):
    revision: int
    content: ContentOut = Field(description="All of it, with what others changed meanwhile.")
    merged: bool = Field(description="It holds something that was not there at the revision you had.")
    conflicts: list[str] = Field(description="Fields that both changed in one place: yours is kept.")
    theirs: dict[str, Any] = Field(description="Those fields as the other had them.")
    faults: list[DraftFault]


class DraftChange(Told):
    revision: int = Field(strict=True, ge=0, lt=NUMBERS, description="The last one you have seen.")
    changes: ContentChange = Field(description="Whole fields, as you have them now.")


class Publication(Told):
    note: str = Field("", max_length=200, description="What has changed, and why.")
    name: str = Field("", max_length=60, description="What people call the version.")
    revision: int = Field(
        None,
        strict=True,
        ge=0,
        lt=NUMBERS,
        description="The one you have looked at: 409 if the draft has moved on.",
    )


class Rollback(Told):
    number: int = Field(strict=True, ge=1, lt=NUMBERS, description="The version to go back to.")


class Compared(Asked):
    before: str = Field(alias="from", pattern=r"^(draft|[1-9]\d{0,8})$", description="A number, or `draft`.")
    after: str = Field(alias="to", pattern=r"^(draft|[1-9]\d{0,8})$", description="A number, or `draft`.")


class Difference(Schema):
    changes: list[FieldChange]


@router.get(
    "/agents/{uuid:agent_id}/draft",
    summary="Get an agent’s draft",
    auth=READERS,
    response=answers(DraftOut, 404),
)
def get_draft(request: HttpRequest, agent_id: UUID):
    """What it is to be told next; what is live where nobody has changed anything."""
    agent = found(request, AGENTS, agent_id)
    return _draft(agent, drafts.look(agent))


@router.patch(
    "/agents/{uuid:agent_id}/draft",
    summary="Change an agent’s draft",
    auth=EDITORS,
    response=answers(DraftSaved, 400, 404),
)
def save_draft(request: HttpRequest, agent_id: UUID, told: DraftChange):
    """Several may write at once: what others changed since your `revision` is kept, texts line by line and
    lists by entry. Where both changed one place yours is kept, and `theirs` has the other."""
    agent = found(request, AGENTS, agent_id)
    saved = drafts.save(agent, told.changes.given(), told.revision, request.viewer.actor_id)
    return DraftSaved(
        revision=saved.draft.revision,
        content=ContentOut(**saved.draft.content),
        merged=saved.merged,
        conflicts=saved.conflicts,
        theirs=saved.theirs,
        faults=_faults(agent, saved.draft.content),
    )


@router.delete(
    "/agents/{uuid:agent_id}/draft",
    summary="Discard an agent’s draft",
    auth=EDITORS,
    response=answers(DraftOut, 404),
)
def discard_draft(request: HttpRequest, agent_id: UUID):
    """It says what is live again."""
    agent = found(request, AGENTS, agent_id)
    return _draft(agent, drafts.discard(agent, request.viewer.actor_id))


@router.post(
    "/agents/{uuid:agent_id}/publish",
    summary="Publish an agent’s draft",
    auth=EDITORS,
    response=answers(VersionOut, 400, 404, 409, status=201),
)
def publish_agent(request: HttpRequest, agent_id: UUID, told: Publication):
    """New calls use it from the next ring; those under way finish on the version they began with."""
    agent = found(request, AGENTS, agent_id)
    note, name = clean(told.note), clean(told.name)
    try:
        version = drafts.publish(agent, request.viewer.actor_id, note, name, told.revision)
    except NotPublishable as refused:
        raise _refused(refused) from None
    except Moved:
        return json_error(409, "draft_changed", "Somebody has changed the draft. Look at it again.")
    return Status(201, _version(version, agent))


@router.post(
    "/agents/{uuid:agent_id}/rollback",
    summary="Go back to an earlier version",
    auth=EDITORS,
    response=answers(VersionOut, 400, 404, status=201),
)
def roll_back_agent(request: HttpRequest, agent_id: UUID, told: Rollback):
    """It is published once more, under a new number. What the draft has changed stays in the draft."""
    agent = found(request, AGENTS, agent_id)
    try:
        version = drafts.restore(agent, told.number, request.viewer.actor_id)
    except AgentVersion.DoesNotExist:
        raise invalid({"number": "there is no such version"}) from None
    except NotPublishable as refused:
        raise _refused(refused) from None
    return Status(201, _version(version, agent))


@router.get(
    "/agents/{uuid:agent_id}/versions",
    summary="List an agent’s versions",
    auth=READERS,
    response=answers(page_of(VersionOut), 400, 404),
)
def list_agent_versions(request: HttpRequest, agent_id: UUID, asked: Query[Listing]):
    """Everything the agent was ever told, newest first. A version never changes."""
    agent = found(request, AGENTS, agent_id)
    versions, following = paged(agent.versions.all(), asked, agent.pk, order="-number")
    return {"items": [_version(version, agent) for version in versions], "next": following}


@router.get(
    "/agents/{uuid:agent_id}/versions/{int:number}",
    summary="Get one of an agent’s versions",
    auth=READERS,
    response=answers(VersionOut, 404),
)
def get_agent_version(request: HttpRequest, agent_id: UUID, number: int):
    """A version never changes."""
    agent = found(request, AGENTS, agent_id)
    return _version(get_object_or_404(agent.versions, number=min(number, NUMBERS - 1)), agent)


@router.get(
    "/agents/{uuid:agent_id}/diff",
    summary="Compare two of an agent’s versions",
    auth=READERS,
    response=answers(Difference, 400, 404),
)
def compare_versions(request: HttpRequest, agent_id: UUID, asked: Query[Compared]):
    """Field by field; texts line by line."""
    agent = found(request, AGENTS, agent_id)
    before, after = (_told(agent, one, field) for one, field in ((asked.before, "from"), (asked.after, "to")))
    return Difference(changes=shapes.changes_out(compare.difference(before, after)))


def _told(agent: Agent, number: str, field: str) -> content.Content:
    if number == DRAFT:
        return drafts.look(agent).content
    version = agent.versions.filter(number=int(number)).first()
    if version is None:
        raise invalid({field: "there is no such version"})
    return content.of(version)


def _faults(agent: Agent, told: content.Content) -> list[DraftFault]:
    return shapes.faults_out(content.faults(agent.workspace_id, told))


def _refused(refused: NotPublishable) -> ValidationError:
    return ValidationError(
        [{"loc": ("body", fault.field or fault.section), "msg": fault.message} for fault in refused.faults]
    )


def _draft(agent: Agent, draft: AgentDraft) -> DraftOut:
    by = draft.edited_by
    return DraftOut(
        revision=draft.revision,
        base=draft.base.number if draft.base else None,
        content=ContentOut(**draft.content),
        changes=shapes.changes_out(compare.difference(content.of(agent.live_version), draft.content)),
        faults=_faults(agent, draft.content),
        edited_by=shapes.Person(id=by.pk, name=by.name or by.email) if by else None,
        edited_at=draft.edited_at,
    )


def _version(version: AgentVersion, agent: Agent) -> VersionOut:
    return VersionOut(
        id=version.pk,
        number=version.number,
        name=version.name or None,
        is_live=version.pk == agent.live_version_id,
        prompt=version.prompt,
        first_message=version.first_message or None,
        voice=version.voice or None,
        language=version.language,
        speed=version.speed,
        tier=version.tier,
        chain=version.chain,
        temperature=version.temperature,
        tools=version.tools,
        variables=version.variables,
        rules=version.rules,
        note=version.note or None,
        created_by=version.created_by_id,
        created_at=version.created_at,
    )
