"""Figures in words: each by its unit, and how it differs from another."""

from calls import wording
from calls.insights.metrics import Metric, Number
from calls.insights.spread import ENOUGH
from calls.insights.sums import Sums

NOTHING = "—"
MINUS = "−"


def worded(value: Number | None, unit: str) -> str:
    """1,284 · 87% · 2.4 s · 3 min 12 s · $0.41 · +0.25."""
    if value is None:
        return NOTHING
    if unit == "share":
        return f"{value * 100:.0f}%"
    if unit == "ms":
        return _time(int(value))
    if unit == "usd":
        return _money(value)
    if unit == "mood":
        told = f"{float(value):+.2f}"
        return _signed(told) if float(told) else "0.00"
    return f"{value:,}"


def change(metric: Metric, now: Sums, then: Sums) -> tuple[str, str]:
    """ "+6%", and whether that is "better", "worse" or neither (""). Points of a share, per cent of a number;
    both empty where there is nothing to hold it against."""
    value, before = metric.value(now), metric.value(then)
    if value is None or before is None or not metric.n(then):
        return "", ""
    difference = float(value) - float(before)
    if metric.unit == "share":
        told = f"{difference * 100:+.0f} pt"
    elif metric.unit == "mood":
        told = f"{difference:+.2f}"
    elif not before:
        return "", ""
    else:
        told = f"{difference / float(before) * 100:+.0f}%"
    if float(told.rstrip(" pt%")) == 0:
        return f"±{told[1:].lstrip('-+')}", ""
    few = min(metric.n(now), metric.n(then)) < ENOUGH
    verdict = "" if few or not metric.better else "better" if difference * metric.better > 0 else "worse"
    return _signed(told), verdict


def _signed(text: str) -> str:
    return text.replace("-", MINUS)


def _time(ms: int) -> str:
    if ms < 60_000:
        return wording.seconds(ms)
    return f"{ms // 60_000} min {ms % 60_000 // 1_000} s"


def _money(value: Number) -> str:
    return f"${value:,.0f}" if value >= 1_000 else wording.usd(str(round(value, 6)))
