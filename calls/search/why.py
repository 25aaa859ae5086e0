"""Why a call was found: what was said in it, and which words of it were asked for."""

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection
from pgvector.django import CosineDistance

from calls import embedders, parts
from calls.models import Call, Embedding, Turn
from calls.personal import seeing
from calls.search.asked import LEXEME, Question
from calls.search.fusion import Hit
from calls.search.meaning import ALIKE

MOMENTS = 8  # turns of one call that are told of
LOOKED_AT = 4_000  # characters of a turn in which words are looked for
LONGEST_SNIPPET, BEFORE = 220, 60  # characters of a snippet, and of them before what was found


@dataclass(frozen=True, slots=True)
class Snippet:
    """What was said, in pieces: those that are marked are words that were asked for."""

    turn: Turn | None  # None: it is the call's summary
    pieces: list[tuple[str, bool]] = field(default_factory=list)
    is_as_typed: bool = True  # False: marked is a word that was likely meant instead of one that was typed

    @property
    def text(self) -> str:
        return "".join(piece for piece, _ in self.pieces)


_WORD = re.compile(r"\w+(?:[-'’.:@/]\w+)*")
_FIRST = re.compile(r"\b\w")
_QUOTED = ", ".join(f"turn.{name}" for name in ("id", "call_id", "key", "n", "role", "text", "start_ms"))


def snippets(
    calls: Mapping[UUID, Call], turns: Mapping[UUID, Turn], question: Question
) -> dict[UUID, Snippet]:
    """What to quote of each of these calls. `turns`: those that are `telling`; without one it is the summary
    that tells. For a thread."""
    told = {pk: _line(_said(call, turns.get(pk))) for pk, call in calls.items()}
    asked_for = _asked_for(told.values(), list(calls), question)
    return {pk: _snippet(turns.get(pk), line, asked_for) for pk, line in told.items()}


def moments(call: Call, question: Question, vector: Sequence[float] | None) -> list[Snippet]:
    """The turns of a call that say it, or the like: the best `MOMENTS`, in their order. For a thread."""
    best = _weighed(call, question)
    if vector is not None:
        near = Embedding.objects.filter(call=call, turn__isnull=False, model=embedders.name())
        nearest = near.annotate(distance=CosineDistance("vector", vector)).order_by("distance")
        told = nearest.values_list("turn_id", "distance")[:MOMENTS]
        best += [turn_id for turn_id, distance in told if 1 - distance >= ALIKE]
    turns = list(
        Turn.objects.filter(pk__in=list(dict.fromkeys(best))[:MOMENTS]).defer("stream", "words").order_by("n")
    )
    lines = [_line(_said(call, turn)) for turn in turns]
    asked_for = _asked_for(lines, [call.pk], question)
    return [_snippet(turn, line, asked_for) for turn, line in zip(turns, lines, strict=True)]


def _weighed(call: Call, question: Question) -> list[UUID]:
    """The turns of a call that have any of the words, those with most of them first."""
    if not question.wanted:
        return []
    weights = " + ".join(["CASE WHEN said @@ %s::tsquery THEN %s ELSE 0 END"] * len(question.wanted))
    params = [value for term in question.wanted for value in (term.query, term.weight)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT id FROM (
                SELECT turn.id, turn.n, {weights} AS weight
                FROM calls_turn turn JOIN calls_searchtext kept ON kept.call_id = turn.call_id,
                LATERAL (SELECT to_tsvector(kept.config::regconfig, left(turn.text, %s))
                    || to_tsvector('simple', left(turn.text, %s)) AS said OFFSET 0) AS read
                WHERE turn.call_id = %s AND turn.role <> 'tool'
            ) AS weighed WHERE weight > 0 ORDER BY weight DESC, n LIMIT %s
            """,  # noqa: S608  the terms are parameters
            [*params, LOOKED_AT, LOOKED_AT, call.pk, MOMENTS],
        )
        return [pk for (pk,) in cursor.fetchall()]


def _said(call: Call, turn: Turn | None) -> str:
    if turn is None:
        return seeing.shown(call.summary[:LOOKED_AT])
    return seeing.shown(parts.plain(call, turn.role, turn.text[:LOOKED_AT]))


def telling(hits: Sequence[Hit], question: Question) -> dict[UUID, Turn]:
    """Of each call the turn with most of the words, the first of those; else the one that says the like. No
    more is read of it than what a snippet shows. For a thread."""
    wanted = question.wanted
    worded = [hit.call_id for hit in hits if hit.by_words is not None] if wanted else []
    like = [hit.by_meaning.turn_id for hit in hits if hit.by_meaning and hit.by_meaning.turn_id]
    if not worded and not like:
        return {}
    weights = " + ".join(["CASE WHEN said @@ %s::tsquery THEN %s ELSE 0 END"] * len(wanted)) or "0"
    params = [value for term in wanted for value in (term.query, term.weight)]
    # A look at the letters first, since it costs a tenth of reading them as words. OFFSET 0: that is done
    # once, not for each word of the question.
    turns = Turn.objects.raw(
        f"""
        SELECT DISTINCT ON (call_id) * FROM (
            SELECT {_QUOTED}, {weights} AS weight
            FROM calls_turn turn JOIN calls_searchtext kept ON kept.call_id = turn.call_id,
            LATERAL (SELECT to_tsvector(kept.config::regconfig, left(turn.text, %s))
                || to_tsvector('simple', left(turn.text, %s)) AS said OFFSET 0) AS read
            WHERE turn.call_id = ANY(%s) AND turn.role <> 'tool' AND turn.text ~* %s
            UNION ALL
            SELECT {_QUOTED}, 0 AS weight FROM calls_turn turn WHERE turn.id = ANY(%s)
        ) AS weighed WHERE weight > 0 OR id = ANY(%s) ORDER BY call_id, weight DESC, n
        """,  # noqa: S608  the terms are parameters
        [*params, LOOKED_AT, LOOKED_AT, worded, _letters(question), like, like],
    )
    return {turn.call_id: turn for turn in turns}


def _letters(question: Question) -> str:
    """What the words begin with, as a regular expression: a stem is that but for its last letter."""
    lexemes = _lexemes(term.query for term in question.wanted)
    return "|".join(re.escape(lexeme[:-1] if len(lexeme) > 2 else lexeme) for lexeme in lexemes)


def _lexemes(queries: Iterable[str]) -> list[str]:
    found = (lexeme for query in queries for lexeme in LEXEME.findall(query))
    return sorted({lexeme.replace("''", "'") for lexeme in found})


def _line(text: str) -> str:
    return " ".join(text.split())


def _asked_for(lines: Iterable[str], call_ids: Sequence[UUID], question: Question) -> dict[str, bool]:
    """Their words that stand for one of the question's, by their stem or as they are; and whether for one as
    it was typed. They were said in these calls."""
    lexemes = _lexemes(term.query for term in question.wanted)
    typed = _lexemes(term.typed or term.query for term in question.wanted)
    # A stem begins as its words do: most need no reading.
    firsts = {first for lexeme in lexemes for first in _firsts(lexeme)}
    words = {word for line in lines for word in _WORD.findall(line)}
    words = {word for word in words if not firsts.isdisjoint(_firsts(word))}
    if not words:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT word, bool_or(read @@ %s::tsquery) FROM unnest(%s::text[]) AS word,
                (SELECT DISTINCT config FROM calls_searchtext WHERE call_id = ANY(%s)) AS kept,
                LATERAL (SELECT to_tsvector(config::regconfig, word) || to_tsvector('simple', word))
                    AS its (read)
            WHERE read @@ %s::tsquery GROUP BY word
            """,
            [_any_of(typed), list(words), list(call_ids), _any_of(lexemes)],
        )
        return dict(cursor.fetchall())


def _any_of(lexemes: Iterable[str]) -> str:
    return " | ".join("'" + lexeme.replace("'", "''") + "'" for lexeme in lexemes)


def _snippet(turn: Turn | None, line: str, asked_for: Mapping[str, bool]) -> Snippet:
    as_typed = all(asked_for.get(word, True) for word in _WORD.findall(line))
    return Snippet(turn, _pieces(line, asked_for), as_typed)


def _firsts(word: str) -> set[str]:
    """What each part of a word begins with, without its accent."""
    return {unicodedata.normalize("NFKD", first)[0].lower() for first in _FIRST.findall(word)}


def _pieces(text: str, asked_for: Container[str]) -> list[tuple[str, bool]]:
    found = [word.span() for word in _WORD.finditer(text) if word[0] in asked_for]
    start, end = _window(text, [begin for begin, _ in found])
    pieces, at = [("…", False)] if start else [], start
    for begin, stop in found:
        if start <= begin and stop <= end:
            pieces += [(text[at:begin], False), (text[begin:stop], True)]
            at = stop
    pieces.append((text[at:end] + ("…" if end < len(text) else ""), False))
    return [piece for piece in pieces if piece[0]]


def _window(text: str, hits: Sequence[int]) -> tuple[int, int]:
    """From where to where a snippet reaches: whole words, around the first place with most of the hits."""
    if len(text) <= LONGEST_SNIPPET:
        return 0, len(text)
    reach = LONGEST_SNIPPET - BEFORE
    first = max(hits, key=lambda at: sum(at <= other < at + reach for other in hits), default=0)
    start = text.rfind(" ", 0, max(0, first - BEFORE)) + 1
    end = start + LONGEST_SNIPPET
    return start, len(text) if end >= len(text) else text.rfind(" ", start + 1, end)
