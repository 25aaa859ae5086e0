"""What can be asked of sums of calls: each figure with its unit and with how many things it is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from calls.insights.sums import Sums

Number = float | int | Decimal


@dataclass(frozen=True, slots=True)
class Metric:
    """`value` is None where there is nothing to say it of. `n`: of how many."""

    label: str
    unit: str  # calls, share (0 to 1), ms, usd or mood (-1 to 1)
    value: Callable[[Sums], Number | None]
    n: Callable[[Sums], int]
    of: str = "calls"  # what there are n of
    better: int = 0  # 1: more is better; -1: less is


def _share(part: Callable[[Sums], int], whole: Callable[[Sums], int]) -> Callable[[Sums], float | None]:
    return lambda sums: part(sums) / whole(sums) if whole(sums) else None


def _calls(sums: Sums) -> int:
    return sums.calls


def _connected(sums: Sums) -> int:
    return sums.connected


def _answers(sums: Sums) -> int:
    return sums.answers


def _moods(sums: Sums) -> int:
    return sums.moods


def _judged(sums: Sums) -> int:
    return sums.positive + sums.neutral + sums.negative


def _tools(sums: Sums) -> int:
    return sums.tool_calls


def _reply(label: str, share: float) -> Metric:
    return Metric(label, "ms", lambda sums: sums.reply_ms(share), _answers, "replies", -1)


def _of_calls(label: str, part: Callable[[Sums], int], better: int = 0) -> Metric:
    return Metric(label, "share", _share(part, _calls), _calls, better=better)


METRICS = {
    "calls": Metric("Calls", "calls", _calls, _calls),
    "without_person": Metric(
        "Without a person", "share", _share(lambda sums: sums.contained, _connected), _connected, better=1
    ),
    "escalated": _of_calls("Escalated", lambda sums: sums.escalated, -1),
    "transferred": _of_calls("Transferred", lambda sums: sums.transferred),
    "failed": _of_calls("Failed", lambda sums: sums.failed + sums.not_connected, -1),
    "reply_p50": _reply("Reply p50", 0.5),
    "reply_p90": _reply("Reply p90", 0.9),
    "reply_p95": _reply("Reply p95", 0.95),
    "mood_start": Metric(
        "Mood at start",
        "mood",
        lambda sums: sums.mood_at_start / sums.moods if sums.moods else None,
        _moods,
        better=1,
    ),
    "mood_end": Metric(
        "Mood at end",
        "mood",
        lambda sums: sums.mood_at_end / sums.moods if sums.moods else None,
        _moods,
        better=1,
    ),
    "positive": Metric("Positive", "share", _share(lambda sums: sums.positive, _judged), _judged, better=1),
    "negative": Metric("Negative", "share", _share(lambda sums: sums.negative, _judged), _judged, better=-1),
    "duration": Metric(
        "Length", "ms", lambda sums: sums.duration_ms // sums.calls if sums.calls else None, _calls
    ),
    "cost": Metric("Cost", "usd", lambda sums: sums.cost_usd, _calls),
    "cost_per_call": Metric(
        "Cost a call",
        "usd",
        lambda sums: sums.cost_usd / sums.calls if sums.calls else None,
        _calls,
        better=-1,
    ),
    "tool_failures": Metric(
        "Tools failed",
        "share",
        _share(lambda sums: sums.tool_failures, _tools),
        _tools,
        "uses of tools",
        -1,
    ),
}
