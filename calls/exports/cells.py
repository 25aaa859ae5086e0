"""What an export says of a call, by column: plain values, and the same as cells of a CSV file."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from calls import parts
from calls.filters import FIELD
from calls.models import Call, Turn
from calls.personal.seeing import NOTHING, Mask

TURNS = "turns"
# What a spreadsheet takes for the beginning of a formula, and what may stand before one.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_BEFORE = "\"' \u00a0\ufeff"


@dataclass(frozen=True, slots=True)
class Column:
    value: Callable[[Call], Any]
    is_words: bool = False  # for those who may see words
    is_usual: bool = True


def _seconds(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def _cost(call: Call) -> str:
    """With the models' once it is kept; of a call that goes on, the platform's."""
    return f"{call.cost_usd if call.total_usd is None else call.total_usd:f}"


COLUMNS = {
    "id": Column(lambda call: str(call.pk)),
    "started_at": Column(lambda call: _seconds(call.started_at)),
    "ended_at": Column(lambda call: _seconds(call.ended_at)),
    "duration_ms": Column(lambda call: call.duration_ms),
    "status": Column(lambda call: call.status),
    "outcome": Column(lambda call: call.outcome or None),
    "agent": Column(lambda call: call.agent.name if call.agent else None),
    "version": Column(lambda call: call.version.number if call.version else None),
    "channel": Column(lambda call: call.channel),
    "direction": Column(lambda call: call.direction or None),
    "caller": Column(parts.who),
    "number": Column(lambda call: call.caller_number or None, is_words=True, is_usual=False),
    "sentiment": Column(lambda call: call.sentiment or None),
    "successful": Column(lambda call: call.successful),
    "score": Column(lambda call: call.score),
    "tags": Column(lambda call: call.tags),
    "escalations": Column(lambda call: len(call.alerts)),
    "transfer": Column(lambda call: call.transfer or None),
    "turn_count": Column(lambda call: call.turn_count),
    "reply_p95_ms": Column(lambda call: call.reply_p95_ms),
    "cost_usd": Column(_cost),
    "platform": Column(lambda call: call.platform),
    "platform_call_id": Column(lambda call: call.platform_call_id),
    "end_reason": Column(lambda call: call.end_reason or None),
    "summary": Column(lambda call: call.summary or None, is_words=True),
    "trace_id": Column(lambda call: call.trace_id or None, is_usual=False),
}
# What the list on the page calls them.
ALIASES = {
    "started": "started_at",
    "duration": "duration_ms",
    "latency": "reply_p95_ms",
    "cost": "cost_usd",
}
_TURN: dict[str, Callable[[Turn], Any]] = {
    "turn": lambda turn: turn.n,
    "role": lambda turn: turn.role,
    "start_ms": lambda turn: turn.start_ms,
    "end_ms": lambda turn: turn.end_ms,
    "text": lambda turn: turn.text,
    "heard": lambda turn: turn.heard,
    "tool": lambda turn: turn.tool_name or None,
    "arguments": lambda turn: turn.tool_arguments,
    "ok": lambda turn: turn.tool_ok,
    "reply_ms": lambda turn: turn.reply_ms,
    "model": lambda turn: turn.model or None,
    "error": lambda turn: turn.error or None,
}


def is_words(name: str) -> bool:
    return name == TURNS or name.startswith(FIELD) or COLUMNS[name].is_words


def value(name: str, call: Call, hidden: Mask = NOTHING) -> Any:
    if name.startswith(FIELD):
        return hidden.all(call.fields.get(name.removeprefix(FIELD)))
    return hidden.all(COLUMNS[name].value(call)) if name == "summary" else COLUMNS[name].value(call)


def as_object(columns: Iterable[str], call: Call, turns: Iterable[Turn], hidden: Mask) -> dict[str, Any]:
    """For a line of JSON. Turns come as they are shown."""
    told: dict[str, Any] = {}
    for name in columns:
        if name == TURNS:
            told[TURNS] = [{key: one(turn) for key, one in _TURN.items()} for turn in turns]
        elif name.startswith(FIELD):
            told.setdefault("fields", {})[name.removeprefix(FIELD)] = value(name, call, hidden)
        else:
            told[name] = value(name, call, hidden)
    return told


def header(columns: list[str]) -> list[str]:
    return [*(name for name in columns if name != TURNS), *(_TURN if TURNS in columns else ())]


def as_rows(columns: list[str], call: Call, turns: list[Turn], hidden: Mask) -> list[list[Any]]:
    """For a CSV file: a row, or with turns one for each of them."""
    own = [cell(value(name, call, hidden)) for name in columns if name != TURNS]
    if TURNS not in columns:
        return [own]
    if not turns:
        return [[*own, *([""] * len(_TURN))]]
    return [[*own, *(cell(one(turn)) for one in _TURN.values())] for turn in turns]


def cell(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    elif not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False)
    # What stands before it may be taken away by whoever reads the file.
    if value.startswith(_FORMULA) or value.lstrip(_BEFORE).startswith(_FORMULA):
        return f"'{value}"
    return value
