"""Calls that are looked for by what was said in them: the best first, and why each is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from calls.models import Call
from calls.search import asked, found
from calls.search.found import Hit, Snippet

MOST = found.MOST


@dataclass(frozen=True, slots=True)
class Found:
    """What a question has found. `by_meaning`: False if it was to be looked for so, and could not be."""

    question: asked.Question
    hits: Sequence[Hit] = ()
    by_meaning: bool = True

    @property
    def worded(self) -> int:
        """How many were found by their words."""
        return sum(hit.by_words is not None for hit in self.hits)

    @property
    def meant(self) -> int:
        """How many were found by their meaning alone."""
        return len(self.hits) - self.worded

    def why(self, calls: dict[UUID, Call]) -> dict[UUID, Snippet]:
        """What to quote of each of these calls."""
        shown = [hit for hit in self.hits if hit.call_id in calls]
        return found.snippets(shown, calls, self.question)


def look_for(
    text: str, workspace_id: UUID, *, words_alone: bool = False, among: QuerySet[Call] | None = None
) -> Found:
    """For a thread. Whoever makes vectors may be away; then words are all there is."""
    question = asked.read(text, workspace_id)
    if not question.text:
        return Found(question)
    vector = None if words_alone else asked.vector_of(question.text, workspace_id)
    hits = found.find(workspace_id, question, vector, among)
    return Found(question, hits, words_alone or vector is not None)
