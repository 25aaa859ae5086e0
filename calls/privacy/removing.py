"""Taking calls away for good: everywhere, a few at a time, and so that they do not come back."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.erasing import Going, calls_erased, tell
from calls import board, exports, parts, recordings
from calls.models import Call, CallQuerySet, Embedding, Event, Note, Recording, Turn
from calls.privacy import holds, tombstones
from calls.search import spelling
from streaming.log import forget

TOGETHER = 20  # calls in one transaction
# What goes with a call by itself, and is worth telling.
_WITH_IT: dict[str, Any] = {
    "turns": Turn,
    "facts": Event,
    "embeddings": Embedding,
    "notes": Note,
    "recordings": Recording,
}


def lock(call_ids: Sequence[UUID]) -> None:
    """Calls before the marks of their hours, as whoever keeps their figures locks them (calls/kept.py)."""
    list(Call.objects.select_for_update().filter(pk__in=call_ids).order_by("pk").values_list("pk"))


@transaction.atomic
def remove(workspace_id: UUID, call_ids: Sequence[UUID], *, copies: bool = True) -> Counter[str]:
    """Remove these calls but those under hold, and say what went: {"calls": 3, "turns": 41, …}.

    What is in no database goes first, the calls locked so that nobody adds to it meanwhile: if something is
    away this raises, nothing of the database has changed, and it is done again from the beginning.
    `copies`: exports and the pictures of the board, too. Without it they go by themselves, within a day.
    """
    lock(call_ids)
    # Whoever puts one under hold has to wait for that lock, too.
    going = holds.free(Call.objects.for_workspace(workspace_id).filter(pk__in=call_ids))
    calls = list(going.order_by("pk"))
    if not calls:
        return Counter()
    ids = [call.pk for call in calls]
    at_platform = tuple((call.platform, call.platform_call_id) for call in calls)
    went = Counter({what: model.objects.filter(call__in=ids).count() for what, model in _WITH_IT.items()})
    for call in calls:
        forget(parts.topic(call))
    if copies:
        went["exports"] = exports.remove_all(workspace_id)  # any of them may have one of these in it
        forget(board.topic(workspace_id))  # watchers of the board are told to look again
    for recording in Recording.objects.filter(call__in=ids):
        default_storage.delete(recordings.place_of(recording))
    said = words_in(calls)
    tombstones.lay(workspace_id, at_platform)
    went += tell(calls_erased, going=Going(workspace_id, tuple(ids), at_platform))
    Call.objects.filter(pk__in=ids).delete()
    spelling.forget(workspace_id, said)
    return went + Counter({"calls": len(ids)})


def words_in(calls: Iterable[Call]) -> list[str]:
    """The words of calls that may be known by their spelling, each once."""
    words = {word for call in calls for word in spelling.words_of(f"{call.summary} {call.title}")}
    said = Turn.objects.filter(call__in=[call.pk for call in calls])
    for texts in said.values_list("text", "heard"):
        for text in filter(None, texts):
            words.update(spelling.words_of(text))
    return sorted(words)


def with_tries(calls: QuerySet[Call]) -> CallQuerySet:
    """And the conversations of the playground that began with turns of one of them."""
    ids = list(calls.values_list("pk", flat=True))
    return Call.objects.filter(Q(pk__in=ids) | Q(playground__source__in=ids))
