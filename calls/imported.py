"""Calls from a file, one JSON object a line: read without a doubt or refused with a reason, then recorded.

    {"id", "turns": [{"speaker": "caller" | "agent", "text", "start_ms"?, "end_ms"?,
                      "tool_calls"?: [{"name", "arguments", "result", "ok"?}]}],
     "started_at"?, "direction"?, "from_number"?, "to_number"?, "outcome"?, "summary"?, "sentiment"?}

What a line says besides is left alone. Without times, a turn is as long as its words take to say.
"""

import gzip
import json
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any, get_args

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from agents.models import Agent
from calls import fold
from calls.models import LONGEST_MS, Call
from calls.privacy.tombstones import is_erased
from calls.services import Opening, record_quietly
from platforms.clean import clean, read
from platforms.errors import Unreadable
from platforms.events import (
    CallAnalyzed,
    CallEnded,
    CallEvent,
    CallStarted,
    Outcome,
    ToolAnswered,
    ToolCalled,
    TurnSpoken,
)

IMPORT = "import"  # their platform
MS_PER_WORD = 400  # 150 words a minute
PAUSES = range(400, 1_201)  # ms between two turns
TOOL_MS = 300
# Calls that nobody says the time of: each so long before the one above it, the first before the import.
SPACED = timedelta(minutes=5)
LONGEST_LINE = 32 * 1024 * 1024  # bytes
MOST_TURNS = 10_000
TOGETHER = 25  # calls written in one transaction
OUTCOMES = get_args(Outcome)
GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Read:
    """A line that could be read."""

    line: int
    call_id: str
    started_at: datetime
    events: tuple[CallEvent, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of some lines."""

    new: int = 0
    known: int = 0  # they are here already, and were left as they are
    refused: tuple[Refused, ...] = ()


def take_in(file: Path, agent: Agent) -> Iterator[Taken]:
    """Record the calls of a file, and say now and then what came of those since. Raises OSError, EOFError and
    zlib.error of a file that cannot be read; what was said before that stands."""
    began = timezone.now()
    with closing(_lines(file)) as lines:
        while some := list(islice(lines, TOGETHER)):
            found = [_told(number, line, began) for number, line in some]
            found = [_unless_erased(agent, each) for each in found]
            good = {each.call_id: each for each in reversed(found) if isinstance(each, Read)}
            refused = tuple(each for each in found if isinstance(each, Refused))
            new = _record(agent, good)
            yield Taken(new, len(found) - len(refused) - new, refused)


def _lines(file: Path) -> Generator[tuple[int, bytes]]:
    """The lines that are not empty, by number. One that is too long comes as its beginning."""
    with file.open("rb") as raw:
        head = raw.read(len(GZIP))
        raw.seek(0)
        with gzip.open(raw) if head == GZIP else nullcontext(raw) as source:
            number = 0
            while line := source.readline(LONGEST_LINE):
                number += 1
                if _is_cut(line):
                    while (rest := source.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                        pass
                if line.strip():
                    yield number, line


def _is_cut(line: bytes) -> bool:
    return len(line) == LONGEST_LINE and not line.endswith(b"\n")


def _told(number: int, line: bytes, began: datetime) -> Read | Refused:
    if _is_cut(line):
        return Refused(number, f"longer than {LONGEST_LINE // 2**20} MiB")
    try:
        return _read(number, clean(read(line.removeprefix(b"\xef\xbb\xbf"))), began)
    except Unreadable as error:
        return Refused(number, str(error))


def _unless_erased(agent: Agent, each: Read | Refused) -> Read | Refused:
    if isinstance(each, Read) and is_erased(agent.workspace_id, IMPORT, each.call_id):
        return Refused(each.line, "this call was erased")
    return each


@transaction.atomic
def _record(agent: Agent, calls: dict[str, Read]) -> int:
    """Write down those that are not here yet, and say how many."""
    ours = Call.objects.for_workspace(agent.workspace_id).filter(platform=IMPORT)
    known = set(ours.filter(platform_call_id__in=list(calls)).values_list("platform_call_id", flat=True))
    made = []
    for call_id in sorted(calls.keys() - known):
        each = calls[call_id]
        opening = Opening(started_at=each.started_at, level=Call.Level.TURN, agent_id=agent.pk)
        # Nobody watches a call that is long over, so nobody is told.
        recorded = record_quietly(
            agent.workspace_id, IMPORT, call_id, each.events, source=fold.PLATFORM, opening=opening
        )
        made.append(recorded.call.pk)
    # What happened before it came here is read by a model only if somebody asks for that.
    Call.objects.filter(pk__in=made).update(judged_at=timezone.now())
    return len(made)


# --- A line ---------------------------------------------------------------------------------------------


def _read(number: int, told: Any, began: datetime) -> Read:
    """Raises Unreadable."""
    if not isinstance(told, dict):
        raise Unreadable("not an object")
    call_id = told.get("id")
    if isinstance(call_id, int) and not isinstance(call_id, bool):
        call_id = str(call_id)
    if not isinstance(call_id, str) or not 1 <= len(call_id) <= 100:
        raise Unreadable('"id" must be a text of 1 to 100 characters')
    started_at = _moment(told.get("started_at"), began - SPACED * number)
    spoken = list(_turns(_list(told, "turns"), call_id, started_at))
    return Read(number, call_id, started_at, tuple(chain(_frame(told, started_at, spoken), spoken)))


def _frame(told: dict, started_at: datetime, spoken: Sequence[CallEvent]) -> Iterator[CallEvent]:
    """What happened to the call itself."""
    over_ms = max((getattr(event, "end_ms", 0) for event in spoken), default=0)
    ended_at = started_at + timedelta(milliseconds=over_ms)
    yield CallStarted(
        at=started_at,
        direction=_one_of(told, "direction", ("inbound", "outbound")),  # type: ignore[arg-type]
        from_number=_text(told, "from_number", 60),
        to_number=_text(told, "to_number", 60),
    )
    outcome = _one_of(told, "outcome", OUTCOMES) or "completed"
    yield CallEnded(at=ended_at, outcome=outcome)  # type: ignore[arg-type]
    summary = _text(told, "summary", 4_000)
    sentiment = _one_of(told, "sentiment", ("positive", "neutral", "negative"))
    if summary or sentiment:
        yield CallAnalyzed(at=ended_at, summary=summary, sentiment=sentiment)  # type: ignore[arg-type]


def _turns(turns: list, call_id: str, started_at: datetime) -> Iterator[CallEvent]:
    if len(turns) > MOST_TURNS:
        raise Unreadable(f"more than {MOST_TURNS:,} turns")
    n = now_ms = caller_end_ms = 0
    for place, turn in enumerate(turns, 1):
        where = f"turn {place}"
        role, text, tools = _turn(turn, where)
        pause = PAUSES[zlib.crc32(f"{call_id}:{place}".encode()) % len(PAUSES)] if now_ms else 0
        for tool in tools:
            n += 1
            now_ms += TOOL_MS
            yield from _tool(tool, f"{where}, tool call", n, now_ms - TOOL_MS, started_at)
        start_ms = _ms(turn, "start_ms", now_ms + pause, where)
        end_ms = max(start_ms, _ms(turn, "end_ms", start_ms + _length(text), where))
        now_ms = max(now_ms, end_ms)
        if not text:
            continue  # it only called its tools
        n += 1
        reply_ms = None
        if role == "caller":
            caller_end_ms = end_ms
        elif caller_end_ms:
            reply_ms, caller_end_ms = max(0, start_ms - caller_end_ms), 0
        yield TurnSpoken(
            turn=f"{role[0]}{n}",
            at=started_at + timedelta(milliseconds=end_ms),
            role=role,  # type: ignore[arg-type]
            text=text,
            start_ms=start_ms,
            end_ms=end_ms,
            n=n,
            final=True,
            reply_ms=reply_ms,
        )


def _length(text: str) -> int:
    return MS_PER_WORD * len(text.split())


def _turn(turn: Any, where: str) -> tuple[str, str, list]:
    if not isinstance(turn, dict):
        raise Unreadable(f"{where} is not an object")
    role, text = turn.get("speaker"), turn.get("text")
    if role not in ("caller", "agent"):
        raise Unreadable(f'{where}: "speaker" must be caller or agent')
    if not isinstance(text, str):
        raise Unreadable(f'{where}: "text" must be a text')
    return role, text.strip(), _list(turn, "tool_calls", where, needed=False)


def _tool(tool: Any, where: str, n: int, start_ms: int, started_at: datetime) -> Iterator[CallEvent]:
    if not isinstance(tool, dict) or not isinstance(tool.get("name"), str) or not tool["name"]:
        raise Unreadable(f'{where}: "name" must be a text')
    arguments = tool.get("arguments")
    if not isinstance(arguments, dict | None):
        raise Unreadable(f'{where}: "arguments" must be an object')
    result, ok = tool.get("result"), tool.get("ok", True)
    if not isinstance(ok, bool):
        raise Unreadable(f'{where}: "ok" must be true or false')
    key, end_ms = f"t{n}", start_ms + TOOL_MS
    name = tool["name"][:64]
    at = started_at + timedelta(milliseconds=start_ms)
    yield ToolCalled(key, at, name, arguments or {}, start_ms, n, final=True)
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    yield ToolAnswered(key, at + timedelta(milliseconds=TOOL_MS), ok, text, end_ms, final=True)


# --- Values ---------------------------------------------------------------------------------------------


def _list(told: dict, name: str, where: str = "", *, needed: bool = True) -> list:
    value = told.get(name)
    if value is None and not needed:
        return []
    if not isinstance(value, list):
        raise Unreadable(f'{where + ": " if where else ""}"{name}" must be a list')
    return value


def _text(told: dict, name: str, most: int) -> str:
    value = told.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most:
        raise Unreadable(f'"{name}" must be a text of at most {most:,} characters')
    return value


def _one_of(told: dict, name: str, known: Sequence[str]) -> str:
    value = told.get(name)
    if value in (None, ""):
        return ""
    if value not in known:
        raise Unreadable(f'"{name}" must be one of {", ".join(known)}')
    return value


def _ms(turn: dict, name: str, otherwise: int, where: str) -> int:
    value = turn.get(name)
    if value is None:
        return min(otherwise, LONGEST_MS)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_MS:
        raise Unreadable(f'{where}: "{name}" must be milliseconds since the call began')
    return round(value)


def _moment(value: Any, otherwise: datetime) -> datetime:
    if value is None:
        return otherwise
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
        # A call has room to end in, whatever its zone.
        if found and 1970 <= found.year <= 9000:
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    except ValueError:
        pass
    raise Unreadable('"started_at" must be an ISO time such as 2026-11-20T09:00:00Z')
