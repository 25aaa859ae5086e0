"""Calls that are looked for by what was said in them: the best first, and why each is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from base.pool import meanwhile
from calls.models import Call
from calls.search import asked, meaning
from calls.search.among import Among
from calls.search.asked import Question
from calls.search.fusion import MOST, Hit, fused
from calls.search.why import Snippet, snippets, telling
from calls.search.words import ByWords, by_words


@dataclass(frozen=True, slots=True)
class Found:
    """What a question has found. `by_meaning`: False if it was to be looked for so, and could not be."""

    question: Question
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

    def shown(
        self, hits: Sequence[Hit], rows: QuerySet[Call]
    ) -> tuple[dict[UUID, Call], dict[UUID, Snippet]]:
        """The calls of these hits that are among the `rows`, and what to quote of each. For a thread."""
        with meanwhile(lambda: telling(hits, self.question)) as turns:
            calls = {call.pk: call for call in rows.filter(pk__in=[hit.call_id for hit in hits])}
            return calls, snippets(calls, turns(), self.question)


def look_for(
    text: str, workspace_id: UUID, *, words_alone: bool = False, among: QuerySet[Call] | None = None
) -> Found:
    """For a thread. Whoever makes vectors may be away; then words are all there is."""
    text = asked.trimmed(text)
    if not text:
        return Found(Question(text))
    narrowed = None if among is None else Among.of(among)
    if words_alone:
        question, worded = _by_words(text, workspace_id, among, narrowed)
        return Found(question, fused(worded, ()))
    with meanwhile(lambda: _by_words(text, workspace_id, among, narrowed)) as by_words:
        vector = asked.vector_of(text, workspace_id)
        if vector is None:
            question, worded = by_words()
            return Found(question, fused(worded, ()), by_meaning=False)
        # The index takes as long as all the rest, and needs nothing of it.
        with meanwhile(lambda: meaning.around(workspace_id, vector, narrowed)) as around:
            question, worded = by_words()
            known = [one.call_id for one in worded]
            in_those = meaning.in_those(known, workspace_id, vector, narrowed)
            near = meaning.nearest(around(), in_those, narrowed)
    meant = meaning.by_meaning(near)
    if any(term.is_phrase or term.is_unwanted for term in question.terms):
        # Who writes so wants what has these words, and nothing like it.
        having = set(known)
        meant = [one for one in meant if one.call_id in having]
    return Found(question, fused(worded, meant))


def _by_words(
    text: str, workspace_id: UUID, among: QuerySet[Call] | None, narrowed: Among | None
) -> tuple[Question, list[ByWords]]:
    question = asked.read(text, workspace_id)
    numbered = _of_number(workspace_id, question, among)
    return question, numbered + by_words(workspace_id, question, narrowed)


def _of_number(workspace_id: UUID, question: Question, among: QuerySet[Call] | None) -> list[ByWords]:
    """The calls of a telephone number, newest first: who knows all of it need not be shown it."""
    if not question.number:
        return []
    written = [question.number, f"+{question.number}"]
    calls = among if among is not None else Call.objects.for_workspace(workspace_id).real()
    theirs = calls.filter(Q(from_number__in=written) | Q(to_number__in=written)).order_by(
        "-started_at", "-id"
    )
    return [ByWords(call_id, 1.0) for call_id in theirs.values_list("pk", flat=True)[:MOST]]
