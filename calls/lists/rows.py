"""What each row of a list of calls says."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.utils import timezone

from calls import figures, page, parts, wording
from calls.history import LIVE
from calls.models import Call
from calls.personal import seeing
from calls.search.fusion import Hit
from calls.search.why import Snippet
from calls.wording import Outcome

QUOTED, MARKED_LENGTH = 160, 2_000  # characters of a quotation, and of what its marks are taken out of
SLOW_MS = 2_000  # a p95 of replies above it is marked
# One turn of each call, from its end, and not all of them to leave out all but one.
_SAID_LAST = """
SELECT call.id, last.role, last.text, last.n FROM unnest(%s::uuid[]) AS call (id),
LATERAL (SELECT role, left(text, %s) AS text, n FROM calls_turn
    WHERE call_id = call.id AND role <> 'tool' AND text <> '' ORDER BY n DESC LIMIT 1) AS last
"""
MOODS = {"positive": "ok", "negative": "danger"}  # and the tone of each


# How a call was found: by its words, by words that were likely meant instead of those typed, by its meaning.
EXACT, SPELT, LIKE = "exact", "spelt", "like"


@dataclass(frozen=True, slots=True)
class Quote:
    """What was said in it. `how` it was found: EXACT, SPELT, LIKE, or empty: it was not looked for."""

    role: str
    pieces: list[tuple[str, bool]]
    turn: int | None
    how: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    id: UUID
    started_at: datetime
    who: str
    agent: str
    version: str
    outcome: Outcome
    is_live: bool
    length_ms: int | None
    p95: str
    slow: bool
    mood: str
    mood_tone: str
    cost: str
    turns: int
    score: int | None
    tags: list[str]
    platform: str
    channel: str
    wordless: str  # what to say where nothing is to be quoted
    quote: Quote | None = None

    @property
    def tags_json(self) -> str:
        return json.dumps(self.tags)


def rows(calls: Sequence[Call], *, sees_words: bool) -> list[Row]:
    """With the last words of each."""
    last = _last_words(calls) if sees_words else {}
    return [replace(row, quote=last.get(row.id)) for row in _rows(calls)]


def found(calls: Sequence[Call], hits: Mapping[UUID, Hit], why: Mapping[UUID, Snippet]) -> list[Row]:
    """With what it was found by."""
    return [
        replace(row, quote=_why(hits[call.pk], why[call.pk]))
        for row, call in zip(_rows(calls), calls, strict=True)
    ]


def _rows(calls: Sequence[Call]) -> list[Row]:
    # What a call came to is kept once it has ended (calls/kept.py); of others it is added up.
    unkept = [call.pk for call in calls if call.kept_at is None]
    replies, costs = figures.replies_of(unkept), figures.costs_of(calls)
    return [_row(call, replies.get(call.pk), costs[call.pk]) for call in calls]


def _row(call: Call, replies: figures.Replies | None, cost: Decimal) -> Row:
    asked_ms = replies.p95_ms if replies else None
    p95_ms = call.reply_p95_ms if call.kept_at else asked_ms
    return Row(
        id=call.pk,
        started_at=call.started_at,
        who=parts.who(call),
        agent=call.agent.name if call.agent else wording.UNKNOWN_AGENT,
        version=call.version_label,
        outcome=LIVE if call.ended_at is None else wording.outcome(call.outcome),
        is_live=call.ended_at is None,
        length_ms=call.duration_ms if call.ended_at else _ms(timezone.now() - call.started_at),
        p95=wording.seconds(p95_ms),
        slow=p95_ms is not None and p95_ms > SLOW_MS,
        mood=wording.SENTIMENTS.get(call.sentiment, "—"),
        mood_tone=MOODS.get(call.sentiment, ""),
        cost=wording.usd(cost),
        turns=call.turn_count,
        score=call.score,
        tags=call.tags,
        platform=call.platform.capitalize(),
        channel=call.get_channel_display(),
        wordless=page.silence(call),
    )


def _last_words(calls: Sequence[Call]) -> dict[UUID, Quote]:
    """By call; not there: nobody said anything."""
    by_id = {call.pk: call for call in calls}
    with connection.cursor() as cursor:
        cursor.execute(_SAID_LAST, [list(by_id), MARKED_LENGTH])
        return {pk: _quote(by_id[pk], role, text, n) for pk, role, text, n in cursor.fetchall()}


def _quote(call: Call, role: str, text: str, n: int) -> Quote:
    said = seeing.shown(parts.plain(call, role, text))
    short = said if len(said) <= QUOTED else f"{said[:QUOTED].rsplit(' ', 1)[0]}…"
    return Quote(role, [(short, False)], n)


def way(hit: Hit, why: Snippet) -> str:
    """EXACT, SPELT or LIKE."""
    if hit.by_words is None:
        return LIKE
    return EXACT if why.is_as_typed else SPELT


def _why(hit: Hit, why: Snippet) -> Quote | None:
    if not why.pieces:
        return None
    how = way(hit, why)
    if why.turn is None:
        return Quote("", why.pieces, None, how)
    return Quote(why.turn.role, why.pieces, why.turn.n, how)


def _ms(span: timedelta) -> int:
    return max(0, span // timedelta(milliseconds=1))
