"""What is searched by words: one row for each call, with the lexemes of all that was said in it.

A call is the unit, not a turn: what is looked for is often said in several of them ("a table for three,
later"). Each word is there by its stem, as the agent's language has it. Names and numbers are there as they
are written, too: "Will" is no stop word, and a model number has no stem.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from base.ids import uuid7
from calls.models import Call, Turn
from calls.search import spelling
from calls.search.languages import config_of

# A tsvector holds a megabyte of lexemes and no more; an hour of talk has 60,000 characters.
LONGEST = 400_000
FRESH = timedelta(days=1)
_WRITTEN = re.compile(r"[^\s]*[A-Z0-9][^\s]*")
_KEEP = """
INSERT INTO calls_searchtext (id, created_at, workspace_id, call_id, started_at, config, words)
VALUES (%(id)s, now(), %(workspace)s, %(call)s, %(started_at)s, %(config)s,
    setweight(to_tsvector(%(config)s::regconfig, %(summary)s), 'A')
    || to_tsvector(%(config)s::regconfig, %(said)s) || to_tsvector('simple', %(written)s))
ON CONFLICT (call_id) DO UPDATE
SET started_at = excluded.started_at, config = excluded.config, words = excluded.words
"""


def waiting(most: int) -> list[Call]:
    """Calls of the last day that are over and cannot be found by a word yet, newest first. Older ones, and
    those in which more was said, are kept with what they mean (calls/embeddings.py), which may take long."""
    over = Q(ended_at__isnull=False) | Q(channel=Call.Channel.CHAT)
    unknown = Call.objects.real().due("embed_after").filter(over, embedded_at=None, search_text=None)
    fresh = unknown.filter(words_removed_at=None, started_at__gte=timezone.now() - FRESH)
    return list(fresh.order_by("-started_at")[:most])


def may_be_kept(call: Call) -> bool:
    """Whether what was said on it may still be kept. It is locked then until the transaction ends: whoever
    removes it, or its words, waits, and finds all that came of them."""
    held = Call.objects.select_for_update(of=("self",)).filter(pk=call.pk, words_removed_at=None)
    return held.values_list("pk").first() is not None


@transaction.atomic
def keep(call: Call) -> None:
    """Have a call found by its words, as they are now."""
    if not may_be_kept(call):
        return
    version = call.version
    said = "\n".join(_lines(call))[:LONGEST]
    values: dict[str, Any] = {
        "id": uuid7(),
        "workspace": call.workspace_id,
        "call": call.pk,
        "started_at": call.started_at,
        "config": config_of(version.language if version else ""),
        "summary": call.summary[:LONGEST],
        "said": said,
        "written": as_written(f"{said}\n{call.summary}"),
    }
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, values)
    spelling.learn(call.workspace_id, f"{said}\n{call.summary}")


def as_written(text: str) -> str:
    """Its names and numbers."""
    return " ".join(_WRITTEN.findall(text))


def _lines(call: Call) -> Iterator[str]:
    # What tools answer was heard by nobody: long lists of what the caller did not choose.
    yield from call.standing().exclude(role=Turn.Role.TOOL).values_list("text", flat=True)
