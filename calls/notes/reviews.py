"""Calls that somebody should listen to: put up, taken, done. A call is up for review once at a time."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from base.errors import Faulty
from calls.models import Call, Review
from calls.notes import people

LONGEST = 400
MOST_COUNTED = 100
LISTS = ("open", "mine", "done")


class Gone(Exception):
    """Some of the calls are not there, or no longer. `places`: which of those that were named."""

    def __init__(self, places: Sequence[int]) -> None:
        super().__init__(f"{len(places)} calls are not there")
        self.places = places


class Beaten(Exception):
    """Somebody else was quicker; `str()` says who, and what they did."""

    def __init__(self, review: Review) -> None:
        self.review = review
        whose = review.done_by or review.assigned_to
        did = f"finished this: “{review.verdict}”" if review.done_at else "has this review now"
        super().__init__(f"{whose or 'Somebody'} {did}" if whose or review.done_at else "Nobody has it now")


def shown(reviews: QuerySet[Review]) -> QuerySet[Review]:
    """With what is told of each."""
    people_of_it = ("added_by", "assigned_to", "done_by")
    return reviews.select_related("call__agent", "call__version", *people_of_it)


def listed(workspace_id: UUID, name: str, user_id: UUID | None) -> QuerySet[Review]:
    """One of LISTS, unordered. Tokens are nobody's: `mine` of none is empty."""
    reviews = Review.objects.for_workspace(workspace_id)
    match name:
        case "done":
            return reviews.exclude(done_at=None)
        case "mine":
            return reviews.filter(done_at=None, assigned_to=user_id) if user_id else reviews.none()
    return reviews.filter(done_at=None)


@transaction.atomic
def put_up(
    workspace_id: UUID,
    calls: Sequence[UUID],
    *,
    reason: str = Review.Reason.PERSON,
    comment: str = "",
    by: UUID | None = None,
    assign_to: UUID | None = None,
    leave_gone: bool = False,
) -> tuple[list[Review], int]:
    """The open reviews of these calls, in their order, and how many are new: one that is up already stays as
    it is. Raises Faulty, and Gone unless calls that are not there are to be left out (`leave_gone`)."""
    _check_colleague(workspace_id, assign_to)
    rows = Call.objects.for_workspace(workspace_id).filter(pk__in=calls).order_by("pk")
    # Whoever erases one of them waits, and takes its review along.
    known = set(rows.select_for_update(no_key=True).values_list("pk", flat=True))
    gone = [n for n, pk in enumerate(calls) if pk not in known]
    if gone and not leave_gone:
        raise Gone(gone)
    new = [
        Review(
            workspace_id=workspace_id,
            call_id=pk,
            reason=reason,
            comment=comment,
            added_by_id=by,
            assigned_to_id=assign_to,
        )
        for pk in dict.fromkeys(calls)
        if pk in known
    ]
    Review.objects.bulk_create(new, ignore_conflicts=True)
    found = {one.call_id: one for one in shown(Review.objects.filter(call_id__in=known, done_at=None))}
    made = {one.pk for one in new}
    up = [found[pk] for pk in dict.fromkeys(calls) if pk in found]
    return up, sum(one.pk in made for one in up)


def assign(review: Review, to: UUID | None, *, unless_changed: bool = False, was: UUID | None = None) -> None:
    """Give it to a colleague, or to nobody. `unless_changed`: only if it still is whose it `was`. Raises
    Faulty, and Beaten if somebody was quicker."""
    _check_colleague(review.workspace_id, to)
    rows = Review.objects.filter(pk=review.pk, done_at=None)
    # Taken twice by one person is taken once.
    rows = rows.filter(Q(assigned_to=was) | Q(assigned_to=to)) if unless_changed else rows
    if not rows.update(assigned_to=to):
        raise Beaten(_now(review))


def finish(review: Review, verdict: str, *, by: UUID | None) -> None:
    """Say what came of it. Raises Beaten if somebody else has said so before."""
    rows = Review.objects.filter(pk=review.pk, done_at=None)
    if rows.update(done_at=timezone.now(), done_by=by, verdict=verdict):
        return
    now = _now(review)
    if (now.done_by_id, now.verdict) != (by, verdict):  # the same said twice is said once
        raise Beaten(now)


def following(review: Review, user_id: UUID | None, *, mine: bool) -> Review | None:
    """The one to go on with: the next in age that is theirs or nobody's (or theirs alone), and after the last
    one the oldest."""
    theirs = Q(assigned_to=user_id) if mine else Q(assigned_to=user_id) | Q(assigned_to=None)
    waiting = Review.objects.for_workspace(review.workspace_id).filter(theirs, done_at=None)
    waiting = waiting.exclude(pk=review.pk).order_by("created_at", "id")
    later = Q(created_at__gt=review.created_at) | Q(created_at=review.created_at, id__gt=review.pk)
    return waiting.filter(later).first() or waiting.first()


def waiting(workspace_id: UUID) -> int:
    """How many are open; MOST_COUNTED is that many or more."""
    return Review.objects.for_workspace(workspace_id).filter(done_at=None)[:MOST_COUNTED].count()


def of_call(call: Call) -> Review | None:
    """The open one, if there is one."""
    return shown(Review.objects.filter(call=call, done_at=None)).first()


def _now(review: Review) -> Review:
    return shown(Review.objects.filter(pk=review.pk)).get()


def _check_colleague(workspace_id: UUID, user_id: UUID | None) -> None:
    if user_id and not people.is_colleague(workspace_id, user_id):
        raise Faulty({"assign_to": "Nobody of that id is here, or they see no words."})
