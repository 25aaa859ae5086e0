"""What people write of a call or a turn of it, and answer. A thread is a first note and its answers."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, QuerySet
from django.utils import timezone

from accounts import audit
from base.errors import Faulty
from base.ids import uuid7
from calls.models import Call, Note, Turn
from calls.notes import people

LONGEST = 4_000
MOST = 1_000  # of one call


class Gone(Exception):
    """The note was deleted meanwhile."""


def shown(notes: QuerySet[Note]) -> QuerySet[Note]:
    """With what is told of each: people, and `turn_n`, the number of its turn."""
    return notes.select_related("author", "resolved_by").annotate(turn_n=F("turn__n"))


@transaction.atomic
def add(
    call: Call,
    text: str,
    *,
    by: UUID | None,
    turn: int | None = None,
    answers: UUID | None = None,
    note_id: UUID | None = None,
) -> Note:
    """Write one: of the call, of the turn with this number, or as an answer to another, where that one is.

    Sent again with the same `note_id` it is the same note. An answer opens its thread again. Raises Faulty,
    and Gone if what it answers was deleted.
    """
    note = Note(
        pk=note_id or uuid7(),
        workspace_id=call.workspace_id,
        call=call,
        author_id=by,
        text=people.checked(call.workspace_id, text),
    )
    if answers:
        first = _first_of(call, answers)
        note.answers, note.turn_id = first, first.turn_id
    elif turn is not None:
        note.turn = _turn(call, turn)
    if Note.objects.filter(call=call).count() >= MOST:
        raise Faulty({"text": f"A call has {MOST:,} notes at most."})
    # Sent twice in one moment, the second waits for the first here.
    Note.objects.bulk_create([note], ignore_conflicts=True)
    written = Note.objects.get(pk=note.pk)
    if (written.call_id, written.author_id) != (call.pk, by):
        raise Faulty({"id": "Another note has it."})
    if answers:
        Note.objects.filter(pk=note.answers_id).update(resolved_at=None, resolved_by=None)
    return written


def _first_of(call: Call, answers: UUID) -> Note:
    """The first of that note's thread, held: nobody deletes it while it is answered."""
    asked = Note.objects.filter(call=call, pk=answers, deleted_at=None).first()
    if asked is None:
        raise Gone
    held = Note.objects.select_for_update().filter(pk=asked.answers_id or asked.pk).first()
    if held is None or (held.pk == asked.pk and held.deleted_at):
        raise Gone
    return held


def _turn(call: Call, n: int) -> Turn:
    # Held, for the same reason. Its words go on being written: their row is not locked for long.
    turns = Turn.objects.select_for_update(no_key=True).filter(call=call).only("pk")
    turn = turns.filter(n=n).first()
    if turn is None:
        missing = "It is still being said" if call.ended_at is None else "There is no such turn"
        raise Faulty({"turn": f"{missing}."})
    return turn


@transaction.atomic
def edit(note: Note, text: str, *, by: UUID | None) -> Note:
    """Raises Faulty, and Gone if it was deleted."""
    held = _held(note)
    if held.text == text:
        return held
    held.text = people.checked(held.workspace_id, text, known=people.mentioned(held.text))
    held.edited_at = timezone.now()
    held.save(update_fields=["text", "edited_at"])
    _note("note.edit", held, by)
    return held


@transaction.atomic
def delete(note: Note, *, by: UUID | None) -> None:
    """Its text is gone at once; while others answer it, its place says that it was there. Raises Gone."""
    held = _held(note)
    _note("note.delete", held, by)
    if held.thread.exists():
        held.text, held.deleted_at = "", timezone.now()
        held.save(update_fields=["text", "deleted_at"])
        return
    held.delete()
    if held.answers_id:
        # The last answer to what is gone itself takes the thread along.
        Note.objects.filter(pk=held.answers_id, thread=None).exclude(deleted_at=None).delete()


def resolve(note: Note, *, by: UUID | None) -> None:
    """Of a whole thread. Whoever was first is remembered."""
    Note.objects.filter(pk=note.answers_id or note.pk, resolved_at=None).update(
        resolved_at=timezone.now(), resolved_by=by
    )


def reopen(note: Note) -> None:
    Note.objects.filter(pk=note.answers_id or note.pk).update(resolved_at=None, resolved_by=None)


def counts(call_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many notes each of these calls has; those without any are left out."""
    notes = Note.objects.filter(call_id__in=list(call_ids), deleted_at=None).order_by()
    return dict(notes.values_list("call_id").annotate(n=Count("pk")))


def mentioning(workspace_id: UUID, user_id: UUID) -> QuerySet[Note]:
    """Newest first."""
    notes = Note.objects.for_workspace(workspace_id).filter(text__contains=people.mark(user_id))
    return shown(notes).order_by("-created_at", "-id")


def _held(note: Note) -> Note:
    """The note as it is now. The first of its thread is held, too, always before it."""
    if note.answers_id:
        Note.objects.select_for_update().filter(pk=note.answers_id).first()
    held = Note.objects.select_for_update().filter(pk=note.pk, deleted_at=None).first()
    if held is None:
        raise Gone
    return held


def _note(action: str, note: Note, by: UUID | None) -> None:
    audit.note(
        action,
        workspace=note.workspace_id,
        actor=by,
        target=f"call:{note.call_id}",
        detail={"note": str(note.pk), "author": str(note.author_id or "")},
    )
