"""What the API and pages tell of notes and reviews."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from ninja import Schema
from pydantic import Field

from accounts.models import User
from calls.models import Note, Review
from calls.notes import people


class ColleagueOut(Schema):
    id: UUID
    name: str = Field(examples=["Priya Nair"])
    initials: str = Field(examples=["PN"])


class NoteOut(Schema):
    id: UUID
    call: UUID
    turn: int | None = Field(description="The number of the turn it is about; null: the call.")
    answers: UUID | None = Field(description="The first note of its thread; null: it is the first itself.")
    author: ColleagueOut | None = Field(description="Null: a program, or somebody who is gone.")
    text: str = Field(description="Those it mentions stand in it as `@[id]`. Empty: it was deleted.")
    mentions: list[ColleagueOut]
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None = Field(description="Deleted ones stay only while others answer them.")
    resolved_at: datetime | None = Field(description="Of a whole thread, at its first note.")
    resolved_by: ColleagueOut | None


class ReviewOut(Schema):
    id: UUID
    call: UUID
    reason: str = Field(description="person, score (its score is low) or sample (for a scorecard).")
    comment: str = Field(description="Of whoever put it up.")
    score: int | None = Field(description="Of the call’s scorecard, 0 to 100.")
    added_by: ColleagueOut | None
    assigned_to: ColleagueOut | None
    created_at: datetime
    done_at: datetime | None
    done_by: ColleagueOut | None
    verdict: str


def colleague(user: User | None) -> ColleagueOut | None:
    return ColleagueOut(id=user.pk, name=str(user), initials=user.initials) if user else None


def colleagues(workspace_id: UUID) -> list[ColleagueOut]:
    return [
        ColleagueOut(id=one.id, name=one.name, initials=one.initials)
        for one in people.colleagues(workspace_id)
    ]


def notes(rows: Iterable[Note]) -> list[NoteOut]:
    """Of rows as `notes.shown` reads them. One query for all that they mention."""
    rows = list(rows)
    named = people.named(pk for row in rows for pk in people.mentioned(row.text))
    return [_note(row, named) for row in rows]


def _note(row: Note, named: dict[UUID, User]) -> NoteOut:
    mentions = [colleague(named.get(pk)) for pk in people.mentioned(row.text)]
    return NoteOut(
        id=row.pk,
        call=row.call_id,
        turn=row.turn_n,  # type: ignore[attr-defined]
        answers=row.answers_id,
        author=colleague(row.author),
        text=row.text,
        mentions=[one for one in mentions if one],
        created_at=row.created_at,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
        resolved_at=row.resolved_at,
        resolved_by=colleague(row.resolved_by),
    )


def review(row: Review) -> ReviewOut:
    """Of a row as `reviews.shown` reads it."""
    return ReviewOut(
        id=row.pk,
        call=row.call_id,
        reason=row.reason,
        comment=row.comment,
        score=row.call.score,
        added_by=colleague(row.added_by),
        assigned_to=colleague(row.assigned_to),
        created_at=row.created_at,
        done_at=row.done_at,
        done_by=colleague(row.done_by),
        verdict=row.verdict,
    )
