"""Calls found by their words and calls found by their meaning, as one list."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from calls.search.meaning import ByMeaning
from calls.search.words import ByWords

# Reciprocal rank fusion (G. V. Cormack, C. L. A. Clarke, S. Büttcher, SIGIR 2009). Their 60 is for lists that
# are equally good; of ours the first of the one that knows the answer should win. A call that has half of the
# words counts half.
DAMPING = 10
MOST = 200  # calls that are told of

Match = Literal["words", "meaning", "both"]


@dataclass(slots=True)
class Hit:
    call_id: UUID
    score: float = 0.0
    by_words: float | None = None  # the part of what was asked that it has
    by_meaning: ByMeaning | None = None

    @property
    def match(self) -> Match:
        if self.by_words is None:
            return "meaning"
        return "words" if self.by_meaning is None else "both"


def fused(worded: Iterable[ByWords], meant: Iterable[ByMeaning]) -> list[Hit]:
    """The best first."""
    hits: dict[UUID, Hit] = {}
    for rank, word in enumerate(worded, 1):
        hit = hits.setdefault(word.call_id, Hit(word.call_id))
        if hit.by_words is None:
            hit.by_words = word.score
            hit.score += word.score / (DAMPING + rank)
    for rank, one in enumerate(meant, 1):
        hit = hits.setdefault(one.call_id, Hit(one.call_id))
        hit.by_meaning = one
        hit.score += 1 / (DAMPING + rank)
    return sorted(hits.values(), key=lambda hit: hit.score, reverse=True)[:MOST]
