"""Putting tags on calls, one or many, and which there are."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from calls import tags
from calls.models import Call

MOST_CALLS = 10_000  # at once
PIECE = 500  # of them in one transaction

_OFTEN = """
    SELECT tag, count(*) FROM calls_call, unnest(tags) AS tag
    WHERE workspace_id = %s AND tags <> '{}' AND (%s = '' OR starts_with(tag, %s))
    GROUP BY tag ORDER BY count(*) DESC, tag LIMIT %s
"""


@dataclass
class Tagged:
    """How many calls were meant, which changed, and how many have as many tags as there can be."""

    calls: int = 0
    changed: list[UUID] = field(default_factory=list)
    full: int = 0


def tag(rows: QuerySet[Call], add: Iterable[str], remove: Iterable[str]) -> Tagged:
    """Put tags on calls and take others off, the newest first and at most MOST_CALLS. Tags as `tags.read` has
    them."""
    adding, removing, done = set(add), set(remove), Tagged()
    ids = iter(rows.order_by("-started_at", "-id").values_list("pk", flat=True)[:MOST_CALLS])
    while piece := list(islice(ids, PIECE)):
        _tag(piece, adding, removing, done)
    return done


@transaction.atomic
def _tag(calls: Collection[UUID], adding: set[str], removing: set[str], done: Tagged) -> None:
    held = Call.objects.filter(pk__in=calls).select_for_update(of=("self",)).order_by("pk").only("tags")
    changed = []
    for call in held:
        done.calls += 1
        wanted = sorted((set(call.tags) - removing) | adding)
        if len(wanted) > max(tags.MOST, len(call.tags)):
            done.full += 1
        elif wanted != call.tags:
            call.tags = wanted
            changed.append(call)
    Call.objects.bulk_update(changed, ["tags"], batch_size=PIECE)
    done.changed += [call.pk for call in changed]


def often(workspace_id: UUID, begins: str = "", most: int = 50) -> list[tuple[str, int]]:
    """The tags of a workspace's calls and on how many each is, the commonest first."""
    begins = begins.casefold()
    asked: list[Any] = [workspace_id, begins, begins, most]
    with connection.cursor() as cursor:
        cursor.execute(_OFTEN, asked)
        return cursor.fetchall()
