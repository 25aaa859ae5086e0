"""The charts' numbers as tables: for the page, and as CSV."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from typing import Any

from calls.insights import charts, drawing
from calls.insights.charts import OF_VERSIONS, Chart
from calls.insights.metrics import METRICS, Number
from calls.insights.report import OfVersion, Report
from calls.insights.spread import ENOUGH
from calls.insights.worded import change, worded

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    href: str
    cells: list[str]
    few: bool


def rows(chart: Chart) -> list[Row]:
    found = []
    for at, values in chart.rows():
        *own, n = values
        cells = [*(worded(value, chart.unit) for value in own), f"{n:,}"]
        found.append(Row(chart.labels[at], chart.links[at], cells, chart.few(at)))
    return found


def versions(report: Report) -> list[Row]:
    """Side by side, as far as there are any."""
    return [
        Row(
            label=_named(one),
            href=_calls_of(report, one),
            cells=[worded(METRICS[name].value(one.sums), METRICS[name].unit) for name in OF_VERSIONS],
            few=one.sums.calls < ENOUGH,
        )
        for one in report.versions
    ]


def _named(one: OfVersion) -> str:
    return f"{one.agent_name} v{one.number}" if one.number is not None else "Version not known"


def _calls_of(report: Report, one: OfVersion) -> str:
    if one.number is None:
        return report.asked.calls()
    return report.asked.calls(agent=str(one.agent), version=str(one.number))


def as_csv(name: str, report: Report) -> str | None:
    """What a chart or table of the page shows, with plain numbers; None: there is no such."""
    if name == "versions":
        head = ["Version", *(_head(METRICS[one].label, METRICS[one].unit) for one in OF_VERSIONS)]
        lines: Iterable[list[Any]] = (
            [_named(one), *(_plain(METRICS[metric].value(one.sums)) for metric in OF_VERSIONS)]
            for one in report.versions
        )
        return _written(head, lines)
    if name == "tools":
        used = charts.tools(report)
        return _written(["Tool", "Uses", "Failed"], ([one.name, one.n, one.failed] for one in used))
    chart = next((one for one in charts.charts(report) if one.id == name), None)
    if chart is None:
        return None
    head = ["From", "To", *(_head(one.name, chart.unit) for one in chart.series), f"n ({chart.of})"]
    return _written(head, _dated(chart, report))


def _dated(chart: Chart, report: Report) -> Iterator[list[Any]]:
    period = report.asked.period
    for at, values in chart.rows():
        first, last = period.spans[at]
        begins = period.starts[at].isoformat() if period.step == "hour" else first.isoformat()
        yield [begins, last.isoformat(), *map(_plain, values)]


def _head(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit in ("ms", "usd") else name


def _plain(value: Number | None) -> str:
    if value is None:
        return ""
    return (
        f"{value:f}"
        if isinstance(value, Decimal)
        else f"{round(value, 6):g}"
        if isinstance(value, float)
        else str(value)
    )


def _written(head: list[str], lines: Iterable[list[Any]]) -> str:
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([_cell(one) for one in head])
    writer.writerows(
        [_cell(one) if isinstance(one, str) and not _is_number(one) else one for one in line]
        for line in lines
    )
    return out.getvalue()


def _cell(text: str) -> str:
    """No name of a tool or model is taken for a formula by a spreadsheet."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def shown(report: Report) -> list[dict[str, Any]]:
    """Each chart with its drawing and its table, for the page."""
    return [{"chart": one, "drawn": drawing.draw(one), "rows": rows(one)} for one in charts.charts(report)]


def figures(report: Report) -> list[dict[str, Any]]:
    """The row of figures above: each with its change, and n where that is not the number of calls."""
    found = []
    for name in charts.FIGURES:
        metric = METRICS[name]
        told, verdict = change(metric, report.total, report.then) if report.then else ("", "")
        found.append(
            {
                "label": metric.label,
                "value": worded(metric.value(report.total), metric.unit),
                "n": metric.n(report.total),
                "of": metric.of,
                "few": metric.unit in ("share", "ms", "mood") and 0 < metric.n(report.total) < ENOUGH,
                "change": told,
                "verdict": verdict,
                "then": worded(metric.value(report.then), metric.unit) if report.then else "",
            }
        )
    return found
