"""Exports as bytes, a piece at a time: so many calls as fit in memory, whatever the list holds."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from django.db.models import Q, QuerySet

from calls.exports import cells
from calls.models import Call, Export, Turn
from calls.personal import seeing
from calls.personal.seeing import Mask

PIECE = 200  # calls read together
BOM = "\ufeff"  # by which Excel knows UTF-8

Anchor = tuple[Any, Any]  # when the last call began, and its id


def pieces(
    rows: QuerySet[Call], columns: list[str], form: str, hidden: Mask, after: Anchor | None = None
) -> Iterator[tuple[bytes, int, Anchor]]:
    """The newest first, those behind `after`: bytes, how many calls they are, where to go on. `hidden`: what
    of what was said is not shown."""
    if after is None and form == Export.Format.CSV:
        yield _csv([cells.header(columns)], BOM), 0, (None, None)
    while calls := list(_behind(rows, after)[:PIECE]):
        after = calls[-1].started_at, calls[-1].pk
        yield _written(calls, columns, form, hidden), len(calls), after
        if len(calls) < PIECE:
            return


def _behind(rows: QuerySet[Call], after: Anchor | None) -> QuerySet[Call]:
    rows = rows.select_related("agent", "version").order_by("-started_at", "-id")
    if after is None or after[0] is None:
        return rows
    at, pk = after
    return rows.filter(Q(started_at__lt=at) | Q(started_at=at, pk__lt=pk), started_at__lte=at)


def _written(calls: Sequence[Call], columns: list[str], form: str, hidden: Mask) -> bytes:
    turns = _turns(calls, hidden) if cells.TURNS in columns else defaultdict(list)
    if form == Export.Format.CSV:
        return _csv([row for call in calls for row in cells.as_rows(columns, call, turns[call.pk], hidden)])
    lines = [orjson.dumps(cells.as_object(columns, call, turns[call.pk], hidden)) for call in calls]
    return b"".join(line + b"\n" for line in lines)


def _turns(calls: Sequence[Call], hidden: Mask) -> dict[Any, list[Turn]]:
    found: dict[Any, list[Turn]] = defaultdict(list)
    rows = Turn.objects.filter(call_id__in=[call.pk for call in calls]).defer("stream", "words")
    for turn in seeing.turns(rows.order_by("call_id", "n"), hidden):
        found[turn.call_id].append(turn)
    return found


def _csv(rows: list[list[Any]], before: str = "") -> bytes:
    """As RFC 4180 has it."""
    text = io.StringIO(newline="")
    text.write(before)
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
