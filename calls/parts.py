"""What a call looks like on the wire: pure functions from rows to parts of the UI message stream.

Live words are written by whoever holds the call (live/answer.py). Everything that is in the record is worded
here, so watching a call and reloading it show the same. Times are ISO 8601 or milliseconds since it began.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from base.markdown import to_plain
from calls.models import Call, Turn
from streaming.entries import Item, encode
from streaming.log import Entry

TURN = b'{"type":"data-turn",'  # how a picture of a turn begins
CALL = "call"  # the group of the whole call's own picture
SUPERSEDED = "superseded"  # an answer the caller did not wait for: cut short, and nobody's error
CUT = (SUPERSEDED, "interrupted")
NUMBERLESS: dict[str, str] = {Call.Channel.WEB: "Web caller", Call.Channel.CHAT: "Chat visitor"}
NATIONAL = {"1": 1, "7": 1}  # country codes of one digit; nearly all others have two


def topic(call: Call) -> str:
    return f"ws:{call.workspace_id}:call:{call.pk}"


def masked(number: str) -> str:
    """A phone number with its middle hidden: "+44 77•• ••• 142". Other addresses keep two letters."""
    digits = number.removeprefix("+")
    if not number:
        return "Unknown caller"
    if not digits.isdigit() or len(digits) < 7:
        return f"{number[:2]}•••"
    code = NATIONAL.get(digits[0], 2)
    return f"+{digits[:code]} {digits[code : code + 2]}•• ••• {digits[-3:]}"


def who(call: Call) -> str:
    """Whom the agent talks to, number masked."""
    if not call.is_real:
        return "Playground"
    if call.channel in NUMBERLESS and not call.from_number:
        return NUMBERLESS[call.channel]
    return masked(call.caller_number)


def is_written(call: Call, role: str) -> bool:
    """Whether these words are Markdown: what an agent writes rather than speaks."""
    return call.channel == Call.Channel.CHAT and role == Turn.Role.AGENT


def plain(call: Call, role: str, text: str) -> str:
    """What was said, for where a line is all there is room for."""
    return to_plain(text) if is_written(call, role) else text


def call_part(call: Call) -> dict:
    """The whole picture of the call itself. Fields that are not known yet are null."""
    data = {
        "id": str(call.pk),
        "status": call.status,
        "who": who(call),
        "agent": call.agent.name if call.agent else "",
        "agent_id": str(call.agent_id) if call.agent_id else None,
        "version": call.version.number if call.version else None,
        "topic": call.agent.topic if call.agent else "",
        "level": call.level,
        "channel": call.channel,
        "direction": call.direction,
        "started_at": call.started_at.isoformat(),
        "ended_at": call.ended_at.isoformat() if call.ended_at else None,
        "duration_ms": call.duration_ms,
        "end_reason": call.end_reason,
        "outcome": call.outcome,
        "transfer": call.transfer,
        "transfer_to": masked(call.transfer_to) if call.transfer_to else "",
        "alerts": [alert_of(alert) for alert in call.alerts],
        "cost_usd": f"{call.cost_usd:.6f}",  # as the column keeps it
        "turns": call.turn_count,
        "revision": call.revision,
    }
    return {"type": "data-call", "id": CALL, "data": data}


def alert_of(alert: dict) -> dict:
    """A rule that fired, without what was to be said: that may be for the model's ear only."""
    return {name: alert[name] for name in ("rule", "name", "at_ms", "about", "do", "done")}


def turn_part(turn: Turn) -> dict:
    """The finished picture of one turn, as it is shown once it is in the record."""
    data = {
        "n": turn.n,
        "key": turn.key,
        "role": turn.role,
        "start_ms": turn.start_ms,
        "end_ms": turn.end_ms,
    }
    match turn.role:
        case Turn.Role.TOOL:
            data |= {
                "name": turn.tool_name,
                "input": turn.tool_arguments,
                "output": turn.text,
                "state": {None: "running", True: "ok", False: "failed"}[turn.tool_ok],
            }
        case Turn.Role.AGENT:
            data |= {
                "text": turn.text,
                "state": _answer_state(turn),
                "heard": turn.heard,
                "reply_ms": turn.reply_ms,
                "model": turn.model,
                "fallback": turn.fallback,
                "error": None if turn.error == SUPERSEDED else turn.error or None,
            }
        case _:
            data |= {"text": turn.text, "state": "final", "mood": turn.mood}
    return {"type": "data-turn", "id": turn.key, "data": data}


def _answer_state(turn: Turn) -> str:
    if not turn.error:
        return "final"
    return "interrupted" if turn.error in CUT else "failed"


def turn_entry(turn: Turn) -> Entry:
    part = turn_part(turn)
    return Entry(part, group=turn.key, whole=part["data"]["state"] != "running")


def dropped_entry(turn: Turn) -> Entry:
    """That there is no such turn any more."""
    return _dropped(turn.key, turn.n, turn.role)


def _dropped(key: str, n: int, role: str) -> Entry:
    data = {"n": n, "key": key, "role": role, "state": "dropped"}
    return Entry({"type": "data-turn", "id": key, "data": data}, group=key, gone=True)


def call_entry(call: Call) -> Entry:
    return Entry(call_part(call), group=CALL, whole=True)


def news(call: Call, changed: Iterable[Turn]) -> list[Entry]:
    """What to tell watchers after a change: the turns it touched, and the call."""
    return [*map(turn_entry, changed), call_entry(call)]


def last_news(call: Call, told: Iterable[Item]) -> list[Entry]:
    """What a finished call's watchers have to hear yet to see its record, given what they were `told`."""
    known = {item.group: item.data for item in told if item.data.startswith(TURN)}
    turns = call.turns.defer("stream", "words").order_by("n")
    news = {turn.key: turn_entry(turn) for turn in turns}
    stray = (orjson.loads(known[key])["data"] for key in known.keys() - news.keys())
    dropped = [_dropped(data["key"], data["n"], data["role"]) for data in stray if data["state"] != "dropped"]
    changed = [entry for key, entry in news.items() if known.get(key) != encode(entry.part)]
    return [*dropped, *changed, call_entry(call), Entry({"type": "finish"}, end=True)]


def parts_of(call: Call, turns: Iterable[Turn] | None = None) -> list[Entry]:
    """The whole record as entries: for a call that the log no longer holds."""
    turns = call.turns.defer("stream", "words") if turns is None else turns
    entries = [call_entry(call), *map(turn_entry, turns)]
    return [*entries, Entry({"type": "finish"}, end=True)] if call.closed_at else entries


def replay_of(call: Call, turns: Sequence[Turn] | None = None) -> list[list]:
    """The call as it streamed: [[ms since it began, part], …] in the order and at the times it was shown."""
    began = call_part(call)
    began["data"] |= {
        "status": "live", "ended_at": None, "duration_ms": None, "outcome": "", "end_reason": "", "turns": 0,
        "transfer": "", "transfer_to": "", "alerts": [],
    }  # fmt: skip
    replayed: list[list[Any]] = [[0, began]]
    alerts: list[dict] = []
    for alert in call.alerts:
        alerts = [*alerts, alert_of(alert)]
        replayed.append([alert["at_ms"], began | {"data": began["data"] | {"alerts": alerts}}])
    for turn in call.turns.all() if turns is None else turns:
        match turn.role:
            case Turn.Role.AGENT:
                replayed += _replay_answer(turn)
            case Turn.Role.CALLER:
                replayed += _replay_caller(turn)
            case _:
                replayed += _replay_tool(turn)
    # Sorting is stable: parts of the same moment keep the order they are written in, the call's own last.
    replayed.sort(key=lambda timed: (timed[0], timed[0] > 0 and timed[1]["type"] == "data-call"))
    if call.ended_at:
        end = max(call.duration_ms, replayed[-1][0])
        replayed += [[end, call_part(call)], [end, {"type": "finish"}]]
    return replayed


def _replay_answer(turn: Turn) -> list[list]:
    final = turn_part(turn)
    pieces = turn.stream or [[turn.start_ms, turn.text]]
    first = min(turn.start_ms, pieces[0][0])
    opening = {
        "n": turn.n,
        "key": turn.key,
        "role": turn.role,
        "state": "thinking",
        "start_ms": turn.start_ms,
    }
    last = pieces[-1][0]
    return [
        [first, {"type": "start-step"}],
        [first, {"type": "data-turn", "id": turn.key, "data": opening}],
        [pieces[0][0], {"type": "text-start", "id": turn.key}],
        *([ms, {"type": "text-delta", "id": turn.key, "delta": text}] for ms, text in pieces if text),
        [last, {"type": "text-end", "id": turn.key}],
        [last, final],
        [last, {"type": "finish-step"}],
    ]


def _replay_caller(turn: Turn) -> list[list]:
    pictures = []
    for ms, text in turn.stream:
        data = {
            "n": turn.n,
            "key": turn.key,
            "role": turn.role,
            "text": text,
            "state": "speaking",
            "start_ms": turn.start_ms,
            "end_ms": ms,
        }
        pictures.append([ms, {"type": "data-turn", "id": turn.key, "data": data}])
    last = turn.end_ms if turn.end_ms is not None else turn.start_ms
    if pictures:
        last = max(last, pictures[-1][0])
    return [*pictures, [last, turn_part(turn)]]


def _replay_tool(turn: Turn) -> list[list]:
    asked = {
        "type": "tool-input-available",
        "toolCallId": turn.key,
        "toolName": turn.tool_name,
        "input": turn.tool_arguments or {},
    }
    running = turn_part(turn)
    running["data"] |= {"state": "running", "output": None, "end_ms": None}
    parts = [[turn.start_ms, asked], [turn.start_ms, running]]
    if turn.tool_ok is not None:
        end = turn.end_ms if turn.end_ms is not None else turn.start_ms
        parts += [[end, tool_result(turn.key, turn.tool_ok, turn.text)], [end, turn_part(turn)]]
    return parts


def tool_result(key: str, ok: bool, text: str) -> dict:
    """The portable part that says how a tool ended."""
    if ok:
        return {"type": "tool-output-available", "toolCallId": key, "output": text}
    return {"type": "tool-output-error", "toolCallId": key, "errorText": text or "The tool failed."}
