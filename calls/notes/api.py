"""`/api/v1/calls/{id}/notes`, `/notes/{id}` and `/reviews`: what people say about calls among themselves."""

from typing import Annotated, Literal
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from accounts.api import access
from accounts.permissions import Permission
from agents.testing.shapes import NUMBERS
from base.api import MOST, Listing, Told, answers, found, invalid, ours, page_of, paged
from base.errors import json_error
from calls.filters import UTC_NAME
from calls.models import Call, Note, Review
from calls.notes import notes, reviews, shapes
from calls.notes.shapes import ColleagueOut, NoteOut, ReviewOut
from calls.tagging.api import listed
from platforms.clean import clean

router = Router(tags=["Reviews"])
MOST_COUNTED = 10_000
READERS = access(Permission.SEE_WORDS)
NOTES = notes.shown(Note.objects.all())
REVIEWS = reviews.shown(Review.objects.all())

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=notes.LONGEST)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=reviews.LONGEST)]


class NewNote(Told):
    id: UUID = Field(None, description="Chosen by whoever sends it: sent again it is the same note.")
    text: Said = Field(description="Plain text; `@[id]` mentions a colleague.")
    turn: int = Field(None, strict=True, ge=1, lt=NUMBERS, description="The turn it is about.")
    answers: UUID = Field(None, description="A note of this call: the new one goes to its thread and turn.")


class NoteChange(Told):
    text: Said


@router.get(
    "/calls/{uuid:call_id}/notes",
    summary="List the notes of a call",
    auth=READERS,
    response=answers(page_of(NoteOut), 400, 404),
)
def list_notes(request: HttpRequest, call_id: UUID, asked: Query[Listing]):
    """The earliest first, answers among them. `answers` says which thread each belongs to."""
    call = found(request, Call, call_id)
    page, following = paged(NOTES.filter(call=call), asked, call.pk, order="created_at")
    return {"items": shapes.notes(page), "next": following}


@router.post(
    "/calls/{uuid:call_id}/notes",
    summary="Write a note",
    auth=READERS,
    response=answers(NoteOut, 400, 404, 409, status=201),
)
def create_note(request: HttpRequest, call_id: UUID, told: NewNote):
    """About the call, one of its turns, or as an answer to a note. 409 where that was deleted meanwhile."""
    call = found(request, Call, call_id)
    try:
        note = notes.add(
            call,
            clean(told.text),
            by=request.viewer.user_id,
            turn=told.turn,
            answers=told.answers,
            note_id=told.id,
        )
    except notes.Gone:
        return _gone()
    return Status(201, _told(request, note.pk))


@router.patch(
    "/notes/{uuid:note_id}",
    summary="Change a note",
    auth=READERS,
    response=answers(NoteOut, 400, 404, 409),
)
def edit_note(request: HttpRequest, note_id: UUID, told: NoteChange):
    """Only its author can. 409 where it was deleted meanwhile."""
    note = found(request, Note, note_id)
    if not _is_its_author(request, note):
        raise PermissionDenied("Only its author can change a note.")
    try:
        notes.edit(note, clean(told.text), by=request.viewer.actor_id)
    except notes.Gone:
        return _gone()
    return _told(request, note_id)


@router.delete(
    "/notes/{uuid:note_id}",
    summary="Delete a note",
    auth=READERS,
    response=answers(NoteOut, 404, 409),
)
def delete_note(request: HttpRequest, note_id: UUID):
    """Its author can, and admins. Answers as it was. While others answer it its place stays, without text."""
    note = found(request, NOTES, note_id)
    if not (_is_its_author(request, note) or request.viewer.may(Permission.MANAGE_WORKSPACE)):
        raise PermissionDenied("Only its author or an admin can delete a note.")
    was = shapes.notes([note])[0]
    try:
        notes.delete(note, by=request.viewer.actor_id)
    except notes.Gone:
        return _gone()
    return was


@router.post(
    "/notes/{uuid:note_id}/resolve",
    summary="Resolve a thread",
    auth=READERS,
    response=answers(NoteOut, 404),
)
def resolve_note(request: HttpRequest, note_id: UUID):
    """Nothing is left to be done about it. Answers the first note of the thread."""
    note = found(request, Note, note_id)
    notes.resolve(note, by=request.viewer.user_id)
    return _told(request, note.answers_id or note.pk)


@router.post(
    "/notes/{uuid:note_id}/reopen",
    summary="Open a thread again",
    auth=READERS,
    response=answers(NoteOut, 404),
)
def reopen_note(request: HttpRequest, note_id: UUID):
    """An answer does so by itself. Answers the first note of the thread."""
    note = found(request, Note, note_id)
    notes.reopen(note)
    return _told(request, note.answers_id or note.pk)


def _is_its_author(request: HttpRequest, note: Note) -> bool:
    return note.author_id is not None and note.author_id == request.viewer.user_id


def _told(request: HttpRequest, note_id: UUID) -> NoteOut:
    return shapes.notes([found(request, NOTES, note_id)])[0]


def _gone() -> HttpResponse:
    return json_error(409, "note_deleted", "That note was deleted meanwhile.")


# --- Reviews --------------------------------------------------------------------------------------------


class ColleagueList(Schema):
    items: list[ColleagueOut]


class Reviews(Listing):
    state: Literal["open", "mine", "done"] = Field("open", description="`mine`: open, and the asker’s.")


class NewReviews(Told):
    calls: list[UUID] = Field(None, min_length=1, max_length=MOST, description="These; or `filter`.")
    filter: str = Field(
        None,
        max_length=4_000,
        description=f"Those that `GET /calls` lists with this query, the newest {MOST}. All, if empty.",
    )
    tz: str = Field(UTC_NAME, max_length=80, description="Whose days `filter` means.")
    comment: Line = Field("", description="Why somebody should listen to them.")
    assign_to: UUID = Field(None, description="A colleague, by id.")


class PutUp(Schema):
    items: list[ReviewOut] = Field(description="Of each of these calls, in their order.")
    added: int = Field(description="How many are new: a call that is up already stays as it is.")
    more: int = Field(description=f"How many the filter has besides, {MOST_COUNTED:,} or more if it is that.")


class ReviewChange(Told):
    assign_to: UUID | None = Field(None, description="A colleague; null: nobody.")
    if_assigned_to: UUID | None = Field(
        None, description="Only if it is theirs, or nobody’s if null, until now; else 409."
    )
    done: Literal[True] = Field(None)
    verdict: Line = Field(None, description="With `done`: what came of it, in a sentence.")


@router.get(
    "/reviewers",
    summary="List who reviews",
    auth=READERS,
    response=answers(ColleagueList),
)
def list_reviewers(request: HttpRequest):
    """Members who see words: they can be mentioned in notes and be given reviews."""
    return {"items": shapes.colleagues(request.viewer.workspace_id)}


@router.get(
    "/reviews",
    summary="List reviews",
    auth=READERS,
    response=answers(page_of(ReviewOut), 400),
)
def list_reviews(request: HttpRequest, asked: Query[Reviews]):
    """Those that wait the longest first; of those that are done the latest."""
    viewer = request.viewer
    rows = reviews.shown(reviews.listed(viewer.workspace_id, asked.state, viewer.user_id))
    order = "-done_at" if asked.state == "done" else "created_at"
    page, following = paged(rows, asked, viewer.user_id or viewer.workspace_id, order=order)
    return {"items": [shapes.review(row) for row in page], "next": following}


@router.post(
    "/reviews",
    summary="Put calls up for review",
    auth=READERS,
    response=answers(PutUp, 400, 404, status=201),
)
def create_reviews(request: HttpRequest, told: NewReviews):
    """Up to 200 at once. A call is up once at a time. 404 if one that is named is not there, or no longer:
    none is put up then, and `details` says which."""
    viewer, calls, more = request.viewer, told.calls, 0
    if (calls is None) == (told.filter is None):
        raise invalid({"calls": "name calls, or give a filter"})
    if calls is None:
        rows = listed(told.filter, told.tz).narrow(ours(request, Call)).order_by("-started_at", "-id")
        calls = list(rows.values_list("pk", flat=True)[:MOST])
        more = rows.order_by()[: MOST + MOST_COUNTED].count() - len(calls) if len(calls) == MOST else 0
    try:
        up, added = reviews.put_up(
            viewer.workspace_id,
            calls,
            comment=clean(told.comment),
            by=viewer.user_id,
            assign_to=told.assign_to,
            leave_gone=told.calls is None,
        )
    except reviews.Gone as error:
        which = [{"field": f"calls.{n}", "problem": "There is no such call."} for n in error.places]
        return json_error(404, message="A call is not there, or no longer. None was put up.", details=which)
    return Status(201, {"items": [shapes.review(row) for row in up], "added": added, "more": more})


@router.get(
    "/reviews/{uuid:review_id}",
    summary="Get a review",
    auth=READERS,
    response=answers(ReviewOut, 404),
)
def get_review(request: HttpRequest, review_id: UUID):
    """Open or done."""
    return shapes.review(found(request, REVIEWS, review_id))


@router.patch(
    "/reviews/{uuid:review_id}",
    summary="Assign or finish a review",
    auth=READERS,
    response=answers(ReviewOut, 400, 404, 409),
)
def edit_review(request: HttpRequest, review_id: UUID, told: ReviewChange):
    """409 where somebody else was quicker; its message says who."""
    review = found(request, Review, review_id)
    given = told.model_fields_set
    if told.done and not told.verdict:
        raise invalid({"verdict": "say in a sentence what came of it"})
    if "verdict" in given and not told.done:
        raise invalid({"verdict": "it goes with `done`"})
    if "if_assigned_to" in given and "assign_to" not in given:
        raise invalid({"if_assigned_to": "it goes with `assign_to`"})
    try:
        if "assign_to" in given:
            unless_changed = "if_assigned_to" in given
            reviews.assign(review, told.assign_to, unless_changed=unless_changed, was=told.if_assigned_to)
        if told.done:
            reviews.finish(review, clean(told.verdict), by=request.viewer.user_id)
    except reviews.Beaten as beaten:
        return json_error(409, "too_late", f"{beaten}.")
    return shapes.review(found(request, REVIEWS, review_id))
