"""The charts of the page: each a question, and what answers it, as numbers. Drawn in drawing.py."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from calls.insights.metrics import METRICS, Metric, Number
from calls.insights.report import Parts, Report
from calls.insights.spread import ENOUGH
from calls.insights.sums import Part, Sums
from calls.insights.worded import worded
from calls.models import TallyPart
from calls.timeline import SLOW_REPLY_MS

MOST_STACKED = 5  # components of cost that are told apart; the others are one


@dataclass(frozen=True, slots=True)
class Series:
    """`values` has one for each piece of the period. Tone, step and dash tell it from the others."""

    name: str
    values: list[Number | None]
    tone: str
    step: int = 1
    dash: bool = False
    total: str = ""  # of the whole period, in words
    short: str = ""  # what stands at the end of its line


@dataclass(frozen=True)
class Chart:
    """`kind` is "bars", "stack" or "lines". `ns` are of how many each piece is."""

    id: str
    title: str
    kind: str
    unit: str
    of: str
    labels: list[str]
    ticks: list[str]
    links: list[str]  # addresses of the lists of calls
    ns: list[int]
    series: list[Series]
    span: tuple[float, float] | None = None  # of the values; else from nought to the most
    target: float | None = None
    caption: str = ""

    @property
    def n(self) -> int:
        return sum(self.ns)

    @property
    def is_empty(self) -> bool:
        return not self.n

    def few(self, at: int) -> bool:
        """Too few to say much."""
        return self.ns[at] < ENOUGH

    @property
    def header(self) -> list[str]:
        return ["When", *(one.name for one in self.series), f"n ({self.of})"]

    def rows(self) -> Iterable[tuple[int, list[Number | None]]]:
        for at, n in enumerate(self.ns):
            yield at, [*(one.values[at] for one in self.series), n]


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    n: int
    failed: int

    @property
    def share(self) -> float:
        return self.failed / self.n

    @property
    def percent(self) -> int:
        return round(100 * self.share)

    @property
    def few(self) -> bool:
        return self.n < ENOUGH


@dataclass(frozen=True)
class Axis:
    """What all charts of a report share: its pieces."""

    labels: list[str]
    ticks: list[str]
    links: list[str]
    report: Report = field(repr=False)

    def chart(self, name: str, title: str, kind: str, unit: str, series: list[Series], **more) -> Chart:
        metric = more.pop("metric", METRICS["calls"])
        return Chart(
            name, title, kind, unit, metric.of, self.labels, self.ticks, self.links,
            [metric.n(one) for one in self.report.pieces], series, **more,
        )  # fmt: skip

    def series(self, name: str, tone: str, **more) -> Series:
        metric = METRICS[name]
        values = [metric.value(one) for one in self.report.pieces]
        total = worded(metric.value(self.report.total), metric.unit)
        return Series(more.pop("label", metric.label), values, tone, total=total, **more)


def charts(report: Report) -> list[Chart]:
    period, pieces = report.asked.period, range(len(report.pieces))
    axis = Axis(
        [period.label(at) for at in pieces],
        [period.tick(at) for at in pieces],
        [report.asked.calls(period.spans[at]) for at in pieces],
        report,
    )
    return [
        axis.chart("volume", "How many calls were there?", "bars", "calls", [axis.series("calls", "caller")]),
        axis.chart("outcomes", "How did they end?", "stack", "calls", _outcomes(report)),
        axis.chart(
            "containment",
            "How many needed no person?",
            "lines",
            "share",
            [
                axis.series("without_person", "agent", short="No person"),
                axis.series("escalated", "agent", step=3, dash=True),
            ],
            span=(0, 1),
            caption="Without a person: of the calls that connected, those nobody began to hand over."
            " Escalated: of all calls, those in which a rule fired.",
        ),
        axis.chart(
            "latency",
            "How long did callers wait for a reply?",
            "lines",
            "ms",
            [axis.series(f"reply_{name}", "agent", step=step, short=name) for name, step in _PERCENTILES],
            metric=METRICS["reply_p95"],
            target=SLOW_REPLY_MS,
            caption="Within 5% of what was measured. Dashed: the target.",
        ),
        axis.chart(
            "mood",
            "How did callers feel at the start and at the end?",
            "lines",
            "mood",
            [
                axis.series("mood_end", "caller", label="At the end", short="End"),
                axis.series("mood_start", "caller", step=3, dash=True, label="At the start", short="Start"),
            ],
            metric=METRICS["mood_end"],
            span=(-1, 1),
            caption="From −1, angry, to +1, delighted, by the caller’s own words.",
        ),
        axis.chart("cost", "What did it cost?", "stack", "usd", _costs(report)),
    ]


_PERCENTILES = (("p95", 1), ("p90", 2), ("p50", 3))
_ENDS = (
    ("Completed", "ok", 1, lambda sums: sums.completed),
    ("Caller hung up", "none", 1, lambda sums: sums.caller_hung_up),
    ("Agent hung up", "none", 2, lambda sums: sums.agent_hung_up),
    ("Ended otherwise", "none", 3, lambda sums: sums.otherwise),
    ("Transferred", "operator", 1, lambda sums: sums.transferred),
    ("Not connected", "danger", 2, lambda sums: sums.not_connected),
    ("Failed", "danger", 1, lambda sums: sums.failed),
)


def _outcomes(report: Report) -> list[Series]:
    """Those that came about, from the best end to the worst."""
    return [
        Series(name, [of(one) for one in report.pieces], tone, step, total=worded(of(report.total), "calls"))
        for name, tone, step, of in _ENDS
        if of(report.total)
    ]


def _costs(report: Report) -> list[Series]:
    """Dearest first."""
    by_name: dict[str, dict[int, Part]] = {}
    for (kind, name), slots in _money(report.parts):
        kept = by_name.setdefault(_component(kind, name), {})
        for slot, part in slots.items():
            kept.setdefault(slot, Part()).add(part)
    sums = {name: sum((part.usd for part in slots.values()), Decimal(0)) for name, slots in by_name.items()}
    names = sorted(sums, key=lambda name: (-sums[name], name))
    if len(names) > MOST_STACKED:
        others = by_name.setdefault("Others", {})
        for name in names[MOST_STACKED - 1 :]:
            for slot, part in by_name[name].items():
                others.setdefault(slot, Part()).add(part)
        sums["Others"] = sum((part.usd for part in others.values()), Decimal(0))
        names = [*names[: MOST_STACKED - 1], "Others"]
    return [
        Series(
            name,
            [by_name[name].get(at, Part()).usd for at in range(len(report.pieces))],
            "tool",
            step,
            total=worded(sums[name], "usd"),
        )
        for step, name in enumerate(names, 1)
    ]


def _money(parts: Parts) -> Iterable[tuple[tuple[str, str], dict[int, Part]]]:
    return ((key, slots) for key, slots in parts.items() if key[0] != TallyPart.Kind.TOOL)


def _component(kind: str, name: str) -> str:
    if kind == TallyPart.Kind.PLATFORM:
        return name.capitalize()
    return "Embeddings" if kind == TallyPart.Kind.EMBEDDING else name


def tools(report: Report) -> list[Tool]:
    """Worst first: by the share that failed, of those used often enough; then the rest."""
    found = []
    for (kind, name), slots in report.parts.items():
        if kind == TallyPart.Kind.TOOL:
            found.append(
                Tool(name, sum(one.n for one in slots.values()), sum(one.failed for one in slots.values()))
            )
    return sorted(found, key=lambda one: (one.few, -one.share, -one.n, one.name))


def figures(report: Report) -> list[tuple[Metric, Sums]]:
    return [(METRICS[name], report.total) for name in FIGURES]


FIGURES = ("calls", "without_person", "escalated", "reply_p95", "mood_end", "duration", "cost")
OF_VERSIONS = (
    "calls",
    "without_person",
    "escalated",
    "failed",
    "reply_p50",
    "reply_p95",
    "mood_end",
    "tool_failures",
    "cost_per_call",
)
