"""What the page of a call shows of notes and reviews, and the queue of reviews at `/reviews/`."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_GET
from ninja.errors import ValidationError

from accounts.decorators import requires
from accounts.models import User
from accounts.permissions import Permission
from base.api import Listing, paged
from calls import parts, wording
from calls.history import LIVE
from calls.models import Call, Note, Review
from calls.notes import notes, people, reviews, shapes

PAGE = 50
LINE = 160  # characters of a note in a list
TABS = {"open": "Open", "mine": "Mine", "mentioned": "Mentioned", "done": "Done"}
# Why a call is up, for whoever opens it: icon and words; a person has said so themselves.
REASONS = {
    Review.Reason.PERSON: ("user", "Put up"),
    Review.Reason.SCORE: ("gauge", "Low score"),
    Review.Reason.SAMPLE: ("columns", "Drawn as a sample"),
}


def rail(request: HttpRequest) -> dict[str, Any]:
    """For the frame of every page: how many reviews wait, counted only where it is drawn."""
    viewer = getattr(request, "viewer", None)
    if not viewer or not viewer.user_id or not viewer.may(Permission.SEE_WORDS):
        return {}
    return {"reviews_waiting": SimpleLazyObject(lambda: reviews.waiting(viewer.workspace_id))}


# --- Beside a call --------------------------------------------------------------------------------------


def beside(request: HttpRequest, call: Call) -> dict[str, Any]:
    """Of a call's page: its tags, and for those who see words its notes, its review, and the bar of the one
    that is worked on."""
    viewer = request.viewer
    tags = {"names": call.tags, "address": f"/api/v1/calls/{call.pk}/tags/"}
    if not viewer.may(Permission.SEE_WORDS):
        return {"tags": tags}
    colleagues = [one.model_dump(mode="json") for one in shapes.colleagues(call.workspace_id)]
    its_notes = notes.shown(Note.objects.filter(call=call)).order_by("created_at", "id")
    last = Review.objects.filter(call=call).exclude(done_at=None).order_by("-done_at")
    return {
        "tags": tags,
        "notes_data": {
            "call": str(call.pk),
            "me": shapes.colleague(request.user).model_dump(mode="json"),  # type: ignore[arg-type]
            "is_admin": viewer.may(Permission.MANAGE_WORKSPACE),
            "people": colleagues,
            "items": [one.model_dump(mode="json") for one in shapes.notes(its_notes)],
        },
        "colleagues": colleagues,
        "review": _told(reviews.of_call(call)),
        "last_review": _told(reviews.shown(last).first()),
        "review_bar": _bar(request, call),
    }


def _bar(request: HttpRequest, call: Call) -> dict[str, Any] | None:
    """Of the review that the address names, if it is of this call."""
    try:
        wanted = UUID(request.GET.get("review", ""))
    except ValueError:
        return None
    review = reviews.shown(Review.objects.filter(call=call, pk=wanted)).first()
    if review is None:
        return None
    of_mine = request.GET.get("list") == "mine"
    return _told(review) | {"next": _next_address(review, of_mine=of_mine)}


def _told(review: Review | None) -> dict[str, Any]:
    if review is None:
        return {}
    icon, why = REASONS[Review.Reason(review.reason)]
    if review.reason == Review.Reason.PERSON:
        why = f"{review.added_by or 'A program'} put this up"
    elif review.reason == Review.Reason.SCORE and review.call.score is not None:
        why = f"Score {review.call.score}"
    return {"row": review, "icon": icon, "why": why}


def _next_address(review: Review, *, of_mine: bool) -> str:
    return reverse("reviews:next", args=[review.pk]) + ("?list=mine" if of_mine else "")


# --- The queue ------------------------------------------------------------------------------------------


@require_GET
@requires(Permission.SEE_WORDS)
def queue(request: HttpRequest) -> HttpResponse:
    """Calls that wait for somebody, the oldest first; where the reader was mentioned; what came of others."""
    viewer = request.viewer
    tab = request.GET.get("tab", "open")
    tab = tab if tab in TABS else "open"
    rows, following = (_mentions if tab == "mentioned" else _reviews)(request, tab)
    colleagues = people.colleagues(viewer.workspace_id)
    context = {
        "section": "reviews",
        "tab": tab,
        "tabs": TABS,
        "rows": rows,
        "older": following,
        "waiting": reviews.waiting(viewer.workspace_id),
        "mine": reviews.listed(viewer.workspace_id, "mine", viewer.user_id)[: reviews.MOST_COUNTED].count(),
        "colleagues": colleagues,
        "colleague_ids": {one.id for one in colleagues},
    }
    return render(request, "calls/reviews.html", context)


@require_GET
@requires(Permission.SEE_WORDS)
def go_on(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """To the call that is next in the queue after this review; to the queue where none is left."""
    review = get_object_or_404(Review.objects.for_workspace(request.workspace), pk=review_id)
    of_mine = request.GET.get("list") == "mine"
    following = reviews.following(review, request.viewer.user_id, mine=of_mine)
    if following is None:
        return redirect(reverse("reviews:queue") + ("?tab=mine" if of_mine else ""))
    return redirect(_address(following, of_mine=of_mine))


def _address(review: Review, *, of_mine: bool) -> str:
    address = reverse("calls:call", args=[review.call_id]) + f"?review={review.pk}"
    return f"{address}&list=mine" if of_mine else address


def _page(request: HttpRequest, rows, order: str) -> tuple[list, str | None]:
    """A cursor of another list, or of rows that are gone, begins at the beginning."""
    asked = Listing.model_construct(limit=PAGE, cursor=request.GET.get("cursor", ""))
    try:
        return paged(rows, asked, request.viewer.user_id, order=order)
    except ValidationError:
        return paged(
            rows, Listing.model_construct(limit=PAGE, cursor=""), request.viewer.user_id, order=order
        )


def _reviews(request: HttpRequest, tab: str) -> tuple[list[dict], str | None]:
    viewer = request.viewer
    rows = reviews.shown(reviews.listed(viewer.workspace_id, tab, viewer.user_id))
    found, following = _page(request, rows, "-done_at" if tab == "done" else "created_at")
    return [
        _told(row) | _call(row.call) | {"address": _address(row, of_mine=tab == "mine")} for row in found
    ], following


def _mentions(request: HttpRequest, tab: str) -> tuple[list[dict], str | None]:
    rows = notes.mentioning(request.viewer.workspace_id, request.viewer.user_id).select_related("call__agent")
    found, following = _page(request, rows, "-created_at")
    named = people.named(pk for row in found for pk in people.mentioned(row.text))
    return [_mention(row, named) for row in found], following


def _mention(row: Note, named: dict[UUID, User]) -> dict[str, Any]:
    text = " ".join(people.worded(row.text, named).split())
    return _call(row.call) | {
        "row": row,
        "line": text if len(text) <= LINE else f"{text[:LINE].rsplit(' ', 1)[0]}…",
        "address": f"{reverse('calls:call', args=[row.call_id])}#note-{row.pk}",
    }


def _call(call: Call) -> dict[str, Any]:
    return {
        "call": call,
        "who": parts.who(call),
        "agent": call.agent.name if call.agent else wording.UNKNOWN_AGENT,
        "outcome": LIVE if call.ended_at is None else wording.outcome(call.outcome),
    }
