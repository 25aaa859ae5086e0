"""`/api/v1/views`: lists of calls that people keep and share."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.urls import reverse
from ninja import Router, Schema, Status
from pydantic import Field, StringConstraints

from accounts.api import access
from accounts.permissions import Permission
from base.api import Told, answers, page_of, unique
from calls import saved
from calls.models import SavedView
from platforms.clean import clean

router = Router(tags=["Calls"])
READERS = access(Permission.SEE_CALLS)

Called = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Column = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,20}(\.[A-Za-z0-9_-]{1,40})?$")]
Query = Annotated[str, StringConstraints(max_length=saved.LONGEST_QUERY)]


class OwnerOut(Schema):
    id: UUID
    name: str


class ViewOut(Schema):
    id: UUID
    name: str = Field(examples=["Escalated this week"])
    query: str = Field(description="As the page’s address has it.", examples=["escalated=yes&when=this-week"])
    columns: list[str] = Field(description="In this order. Empty: the usual ones.")
    shared: bool = Field(description="With everybody in the workspace.")
    owner: OwnerOut
    mine: bool
    url: str = Field(description="Of the page that shows it, to whoever may see it.")
    created_at: datetime


class NewView(Told):
    name: Called
    query: Query = Field("", description="`status=failed&when=7d`: filters, `q`, `by` and `sort`.")
    columns: list[Column] = Field([], max_length=40)
    shared: bool = Field(False, strict=True)


class ViewChange(Told):
    name: Called = Field(None)
    query: Query = Field(None)
    columns: list[Column] = Field(None, max_length=40)
    shared: bool = Field(None, strict=True)


class Order(Told):
    views: list[UUID] = Field(max_length=saved.MOST, description="The first first.")


@router.get("/views", summary="List saved views", auth=READERS, response=answers(page_of(ViewOut)))
def list_views(request: HttpRequest):
    """One’s own in one’s own order, then those that others share. `next` is always null."""
    return {
        "items": [_told(row, request) for row in saved.seen_by(request.viewer)],
        "next": None,
    }


@router.post("/views", summary="Save a view", auth=READERS, response=answers(ViewOut, 400, status=201))
def create_view(request: HttpRequest, told: NewView):
    """It belongs to whoever is signed in: a program has none."""
    owner = _person(request)
    with unique("name"):
        view = saved.save(
            request.viewer.workspace_id,
            owner,
            name=clean(told.name),
            query=saved.read(told.query),
            columns=told.columns,
            is_shared=told.shared,
        )
    return Status(201, _told(_seen(request, view.pk), request))


@router.post(
    "/views/order", summary="Put views in order", auth=READERS, response=answers(page_of(ViewOut), 400)
)
def order_views(request: HttpRequest, told: Order):
    """One’s own. Those that are not named stay behind the others."""
    saved.put_in_order(request.viewer.workspace_id, _person(request), told.views)
    return list_views(request)


@router.get("/views/{uuid:view_id}", summary="Get a view", auth=READERS, response=answers(ViewOut, 404))
def get_view(request: HttpRequest, view_id: UUID):
    """404 also of one that somebody has, and does not share."""
    return _told(_seen(request, view_id), request)


@router.patch(
    "/views/{uuid:view_id}", summary="Change a view", auth=READERS, response=answers(ViewOut, 400, 404)
)
def edit_view(request: HttpRequest, view_id: UUID, told: ViewChange):
    """One’s own."""
    view = _own(request, view_id, "change")
    given = clean(told.given())
    if "query" in given:
        given["query"] = saved.read(given["query"])
    if "shared" in given:
        given["is_shared"] = given.pop("shared")
    if given:
        with unique("name"):
            saved.edit(view, **given)
    return _told(_seen(request, view_id), request)


@router.delete("/views/{uuid:view_id}", summary="Remove a view", auth=READERS, response=answers(ViewOut, 404))
def delete_view(request: HttpRequest, view_id: UUID):
    """One’s own; an admin removes what others share, too. Answers as it was."""
    view = _seen(request, view_id)
    if not request.viewer.may(Permission.MANAGE_WORKSPACE):
        _own(request, view_id, "remove")
    was = _told(view, request)
    view.delete()
    return was


def _person(request: HttpRequest) -> UUID:
    if request.viewer.user_id is None:
        raise PermissionDenied("A view belongs to a person: sign in, a token has none.")
    return request.viewer.user_id


def _seen(request: HttpRequest, view_id: UUID) -> SavedView:
    view = next((one for one in saved.seen_by(request.viewer) if one.pk == view_id), None)
    if view is None:
        raise Http404
    return view


def _own(request: HttpRequest, view_id: UUID, act: str) -> SavedView:
    view = _seen(request, view_id)
    if view.owner_id != request.viewer.user_id:
        raise PermissionDenied(f"Only {view.owner} can {act} this view.")
    return view


def _told(view: SavedView, request: HttpRequest) -> ViewOut:
    return ViewOut(
        id=view.pk,
        name=view.name,
        query=view.query,
        columns=view.columns,
        shared=view.is_shared,
        owner=OwnerOut(id=view.owner_id, name=str(view.owner)),
        mine=view.owner_id == request.viewer.user_id,
        url=f"{settings.EARSHOT_URL}{reverse('calls:list')}?view={view.pk}",
        created_at=view.created_at,
    )
