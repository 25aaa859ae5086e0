"""What the page of one call is drawn from: plain values, and no words for those who may not see them."""

import json
from collections.abc import Iterable
from datetime import timedelta

from django.urls import reverse

from agents.rules import sentence
from base.markdown import to_html
from calls import mood, parts, timeline, wording
from calls.models import Call, Turn
from calls.personal import seeing
from calls.timeline import SLOW_REPLY_MS

STATUSES = {"ok": ("check", "OK"), "failed": ("alert", "Failed"), "running": ("clock", "Running")}


def pictures(turns: Iterable[Turn], *, sees_words: bool) -> list[dict]:
    """Each turn as the stream tells it, with its words counted; without them where they may not be seen."""
    told = []
    for turn in seeing.turns(turns) if sees_words else turns:
        picture = parts.turn_part(turn)["data"]
        picture["words"] = len(turn.text.split()) if turn.role != Turn.Role.TOOL else 0
        told.append(picture if sees_words else wordless(picture))
    return told


def wordless(picture: dict) -> dict:
    kept = (
        "n",
        "key",
        "role",
        "state",
        "start_ms",
        "end_ms",
        "reply_ms",
        "mood",
        "model",
        "fallback",
        "error",
        "name",
        "words",
    )
    return {name: picture[name] for name in kept if name in picture}


def blanks(call: Call) -> list[dict]:
    """What static/calls/transcript.js clones the call's turns from."""
    return [
        {"role": "caller", "reply_ms": None},
        {"role": "agent", "reply_ms": None, "slow": False}
        | ({"html": ""} if parts.is_written(call, "agent") else {}),
        {"role": "tool", "icon": "clock", "status": "Running"},
    ]


def drawn(picture: dict, call: Call) -> dict:
    """A picture with what templates/calls/_turn.html shows of it."""
    turn = picture | {"at": call.started_at + timedelta(milliseconds=picture["start_ms"])}
    if picture["role"] == "tool":
        return turn | _drawn_tool(picture)
    if picture["role"] == "agent":
        turn |= _drawn_answer(picture, is_written=parts.is_written(call, "agent"))
    heard, unheard = wording.heard(picture["text"], picture.get("heard"))
    reply_ms = picture.get("reply_ms")
    return turn | {
        "heard_text": heard,
        "unheard_text": unheard,
        "is_cut": picture["state"] == "interrupted" or bool(unheard),
        "reply_ms": reply_ms,
        "mood_word": mood.word(picture.get("mood")),
        "slow": reply_ms is not None and reply_ms > SLOW_REPLY_MS,
    }


def _drawn_answer(picture: dict, *, is_written: bool) -> dict:
    """All that was written is there to be read, so a stop hides nothing; whatever broke it off is told."""
    error = picture["error"]
    if not is_written:
        return {"why": wording.error(error) if picture["state"] == "failed" else ""}
    return {
        "html": to_html(picture["text"]),
        "is_stopped": picture["state"] == "interrupted" and not error,
        "why": wording.error(error) if error else "",
    }


def _drawn_tool(picture: dict) -> dict:
    state, output = picture["state"], plain(picture["output"])
    icon, status = STATUSES[state]
    # Where only the transcript tells of it, it is not known how long it took.
    if state != "running" and (picture["end_ms"] or 0) > picture["start_ms"]:
        status = f"{status} {wording.seconds(picture['end_ms'] - picture['start_ms'])}"
    return {
        "icon": icon,
        "status": status,
        "result": "running" if state == "running" else output.split("\n", 1)[0],
        "input_text": "" if picture["input"] is None else plain(picture["input"]),
        "output_text": output,
    }


def plain(value) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)


def strip(call: Call, told: list[dict], now_ms: int) -> dict:
    """The time line. A live call has a window that it grows into; an ended one fills it."""
    if call.ended_at is None:
        width = timeline.window(now_ms)
        return timeline.strip(told, now_ms, width) | {"flags": _flags(call, width)}
    width = max(now_ms, 1_000)
    whole = timeline.strip(told, now_ms, width)
    return whole | {"now": "0.00", "unlived": "0.00", "flags": _flags(call, width)}


def _flags(call: Call, width_ms: int) -> list[dict]:
    """Where rules fired."""
    flags = ((timeline.percent(alert["at_ms"], width_ms), alert["name"]) for alert in call.alerts)
    return [{"x": x, "name": name} for x, name in flags]


def reasons(call: Call) -> dict[str, str]:
    """What the rules of the version that answers wait for, by id: "When the caller asks for a person"."""
    rules = call.version.rules if call.version else []
    return {rule["id"]: sentence.reason(rule) for rule in rules if isinstance(rule, dict) and rule.get("id")}


def alerts(call: Call, told: list[dict]) -> list[dict]:
    """The rules that fired, each with what was done, and the number of the turn it stands behind: the one it
    was for, or the last that had begun. static/calls/transcript.js finds the same."""
    numbers, why = {turn["key"]: turn["n"] for turn in told}, reasons(call)
    return [
        {
            "role": "rule",
            "key": f"{alert['rule']}-{alert['at_ms']}-{alert['about']}",
            "anchor": f"fired-{alert['rule']}-{alert['at_ms']}",
            "name": alert["name"],
            "reason": why.get(alert["rule"], ""),
            "at": call.started_at + timedelta(milliseconds=alert["at_ms"]),
            "n": numbers.get(alert["about"])
            or max((turn["n"] for turn in told if turn["start_ms"] <= alert["at_ms"]), default=0),
            "done": wording.fired(alert["do"], alert["done"]),
        }
        for alert in call.alerts
    ]


def among(turns: list[dict], alerts: list[dict]) -> list[dict]:
    """Turns and the rules that fired, in the order they are read."""
    return sorted([*turns, *alerts], key=lambda row: row["n"])


def strip_label(told: list[dict], now_ms: int) -> str:
    slow = sum(1 for turn in told if (turn.get("reply_ms") or 0) > SLOW_REPLY_MS)
    slowly = f" {slow} of its replies took over 1.5 seconds." if slow else ""
    return f"{len(told)} turns in {timeline.clock(now_ms)}.{slowly}"


def model(told: list[dict]) -> dict:
    """Who answered last, and how many models of the chain had failed before it."""
    answered = [turn for turn in told if turn.get("model")]
    return {"name": answered[-1]["model"], "fallback": answered[-1]["fallback"]} if answered else {}


def silence(call: Call) -> str:
    """What to say while there is no turn to show."""
    if call.ended_at is not None:
        return wording.WORDLESS["ended"]
    return wording.WORDLESS["later" if call.level == Call.Level.EVENT else "live"]


def details(call: Call, *, sees_words: bool, may_link: bool) -> dict:
    """What the side panel says that the stream does not. `may_link`: whether the reader may link agents."""
    linking = call.connection_id is not None and may_link
    return {
        "platform_agent_id": call.platform_agent_id,
        "link_agent": reverse("settings:connection", args=[call.connection_id]) if linking else "",
        "wordless": silence(call),
        "voice": call.version.voice if call.version else "",
        "direction": call.direction.capitalize() or call.get_channel_display(),
        "summary": seeing.shown(call.summary) if sees_words else "",
        "platform": call.platform.capitalize() or "Platform",
        "platform_call_id": call.platform_call_id,
        "trace_id": call.trace_id,
    }
