"""`/api/v1/calls/{id}/tags`, `/calls/tags` and `/tags`: what people call calls."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, QueryDict
from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from accounts.api import access
from accounts.permissions import Permission
from base.api import Asked, Told, answers, found, invalid, ours
from calls import tagging, tags
from calls.filters import UTC_NAME, Filters, known_zone
from calls.models import Call

router = Router(tags=["Calls"])
TAGGERS = access(Permission.SEE_WORDS)
MOST_NAMED = 1_000  # calls named one by one

Tag = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class TagsOut(Schema):
    tags: list[str] = Field(description="All of the call’s, in the order of the alphabet.")


class TagOut(Schema):
    tag: str = Field(examples=["vip"])
    calls: int = Field(description="On how many calls it is.")


class TagsThere(Schema):
    items: list[TagOut]


class TagsAsked(Asked):
    q: str = Field("", max_length=tags.LONGEST, description="Those that begin so.")
    limit: int = Field(50, ge=1, le=200, description="How many at most, the commonest first.")


class Tagging(Told):
    add: list[Tag] = Field([], max_length=tags.MOST)
    remove: list[Tag] = Field([], max_length=50)
    calls: list[UUID] = Field(None, max_length=MOST_NAMED, description="These calls; or `filter`.")
    filter: str = Field(
        None,
        max_length=4_000,
        description="Those that `GET /calls` lists with this query: `status=failed&when=7d`. All, if empty.",
    )
    tz: str = Field(UTC_NAME, max_length=80, description="Whose days `filter` means.")


class TaggedOut(Schema):
    calls: int = Field(description=f"How many were meant; at most {tagging.MOST_CALLS}, the newest.")
    changed: int
    touched: list[UUID] = Field(description="Those that changed, by which it can be undone.")
    full: int = Field(description=f"How many have {tags.MOST} tags, and were left as they are.")


@router.get("/tags", summary="List tags", auth=access(Permission.SEE_CALLS), response=answers(TagsThere, 400))
def list_tags(request: HttpRequest, asked: Query[TagsAsked]):
    """Those that are on calls of the workspace."""
    often = tagging.often(request.viewer.workspace_id, asked.q.replace("\0", ""), asked.limit)
    return {"items": [{"tag": tag, "calls": calls} for tag, calls in often]}


@router.put(
    "/calls/{uuid:call_id}/tags/{tag}",
    summary="Tag a call",
    auth=TAGGERS,
    response=answers(TagsOut, 400, 404),
)
def tag_call(request: HttpRequest, call_id: UUID, tag: str):
    """Put on once, however often it is asked; small letters and capitals are the same."""
    call = found(request, Call, call_id)
    done = tagging.tag(Call.objects.filter(pk=call.pk), [_read("tag", tag)], [])
    if done.full:
        raise invalid({"tag": f"a call has at most {tags.MOST} tags"})
    call.refresh_from_db(fields=["tags"])
    return {"tags": call.tags}


@router.delete(
    "/calls/{uuid:call_id}/tags/{tag}",
    summary="Take a tag off a call",
    auth=TAGGERS,
    response=answers(TagsOut, 400, 404),
)
def untag_call(request: HttpRequest, call_id: UUID, tag: str):
    """Also if it is not there."""
    call = found(request, Call, call_id)
    tagging.tag(Call.objects.filter(pk=call.pk), [], [_read("tag", tag)])
    call.refresh_from_db(fields=["tags"])
    return {"tags": call.tags}


@router.post("/calls/tags", summary="Tag many calls", auth=TAGGERS, response=answers(TaggedOut, 400))
def tag_calls(request: HttpRequest, told: Tagging):
    """Those that are named, or all that a list has. Calls that are not there are left out."""
    add, remove = ([_read(name, tag) for tag in getattr(told, name)] for name in ("add", "remove"))
    if not add and not remove:
        raise invalid({"add": "say what to add or to remove"})
    if (told.calls is None) == (told.filter is None):
        raise invalid({"calls": "name calls, or give a filter"})
    rows = ours(request, Call)
    rows = (
        rows.filter(pk__in=told.calls) if told.filter is None else listed(told.filter, told.tz).narrow(rows)
    )
    done = tagging.tag(rows, add, remove)
    return {"calls": done.calls, "changed": len(done.changed), "touched": done.changed, "full": done.full}


def listed(query: str, zone: str, field: str = "filter") -> Filters:
    """The filters of a query in a body; 400 if there is something in it that makes no sense."""
    if not known_zone(zone):
        raise invalid({"tz": "an IANA time zone, as Europe/London"})
    filters = Filters.of(QueryDict(query.encode(errors="replace")), zone)
    if filters.faults:
        raise invalid({f"{field}.{name}": problem for name, problem in filters.faults.items()})
    return filters


def _read(field: str, text: str) -> str:
    try:
        return tags.read(text)
    except ValueError as error:
        raise invalid({field: str(error)}) from error
