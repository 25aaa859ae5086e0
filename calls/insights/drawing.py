"""Where the marks of a chart are. Across in per cent of its width, down in pixels: it fits any width and its
words keep their size, without a script or a style."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from calls.insights.charts import Chart, Series
from calls.insights.worded import MINUS, worded

HEIGHT, TOP, BOTTOM = 190, 16, 166  # of the whole, and where the plot begins and ends
TICKS = 5  # words below, at most: more do not fit on a phone
AHEAD, BESIDE = 11.0, 14.0  # per cent on the left for the axis, on the right for the names of lines
APART = 14  # pixels between two names


@dataclass(frozen=True, slots=True)
class Rule:
    y: str
    text_y: str
    text: str
    end: str  # where the line ends
    is_target: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Box:
    """A bar, or a part of one."""

    series: Series
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Dot:
    series: Series
    x: str
    y: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A column that leads to its calls: `told` is all that is to be said of it."""

    x: str
    width: str
    href: str
    told: str
    few: bool
    boxes: list[Box]
    dots: list[Dot]


@dataclass(frozen=True, slots=True)
class Stroke:
    series: Series
    x1: str
    y1: str
    x2: str
    y2: str


@dataclass(frozen=True, slots=True)
class Name:
    series: Series
    y: str


@dataclass(frozen=True, slots=True)
class Drawing:
    rules: list[Rule]
    ticks: list[Tick]
    pieces: list[Piece]
    strokes: list[Stroke]
    names: list[Name]


@dataclass(frozen=True, slots=True)
class Scale:
    least: float
    most: float
    right: float  # where the plot ends, in per cent
    count: int

    def y(self, value: float) -> float:
        return BOTTOM - (value - self.least) / (self.most - self.least) * (BOTTOM - TOP)

    @property
    def width(self) -> float:
        """Of a piece."""
        return (self.right - AHEAD) / self.count

    def left(self, at: int) -> float:
        return AHEAD + at * self.width

    def middle(self, at: int) -> float:
        return AHEAD + (at + 0.5) * self.width


def draw(chart: Chart) -> Drawing:
    scale, marks = _scale(chart)
    return Drawing(
        rules=[*_rules(chart, scale, marks)],
        ticks=[*_ticks(chart, scale)],
        pieces=[_piece(chart, scale, at) for at in range(len(chart.labels))],
        strokes=[*_strokes(chart, scale)] if chart.kind == "lines" else [],
        names=_names(chart, scale) if chart.kind == "lines" else [],
    )


def told(chart: Chart, at: int) -> str:
    """A piece in words, with how many it is of."""
    values = [f"{one.name} {worded(one.values[at], chart.unit)}" for one in chart.series]
    values = [one for one, series in zip(values, chart.series, strict=True) if series.values[at]] or values[
        :1
    ]
    few = ", too few to say much" if chart.few(at) else ""
    return f"{chart.labels[at]}: {', '.join(values)} (n {chart.ns[at]:,} {chart.of}{few})"


def _scale(chart: Chart) -> tuple[Scale, list[float]]:
    right = 100.0 - BESIDE if chart.kind == "lines" else 100.0
    if chart.span:
        least, most = chart.span
        return Scale(least, most, right, len(chart.labels)), [least, (least + most) / 2, most]
    highest = max([*_heights(chart), chart.target or 0], default=0)
    step = _round(highest / 3 or 1, whole=chart.unit == "calls")
    most = step * max(1, math.ceil(highest / step))
    return Scale(0, most, right, len(chart.labels)), [step * at for at in range(round(most / step) + 1)]


def _heights(chart: Chart) -> Iterable[float]:
    for at in range(len(chart.labels)):
        values = [float(one.values[at] or 0) for one in chart.series] or [0.0]
        yield sum(values) if chart.kind == "stack" else max(values)


def _round(step: float, *, whole: bool) -> float:
    """The next of 1, 2, 2.5 and 5, and their tenfolds."""
    power = 10.0 ** math.floor(math.log10(step))
    rounded = next(times * power for times in (1, 2, 2.5, 5, 10) if times * power >= step * 0.999)
    return max(1, math.ceil(rounded)) if whole else rounded


def _rules(chart: Chart, scale: Scale, marks: list[float]) -> Iterable[Rule]:
    end = _percent(scale.right)
    for mark in marks:
        y = scale.y(mark)
        yield Rule(_px(y), _px(y + 4), _short(mark, chart.unit), end)
    if chart.target is not None:
        y = scale.y(chart.target)
        yield Rule(_px(y), _px(y - 4), f"Target {worded(chart.target, chart.unit)}", end, is_target=True)


def _short(mark: float, unit: str) -> str:
    """On an axis, where every mark is a round number."""
    if unit == "mood":
        return f"{mark:+.0f}".replace("-", MINUS) if mark else "0"
    if unit == "usd":
        return f"${mark:,.0f}" if mark >= 5 or mark == 0 else f"${mark:.2g}"
    return worded(round(mark) if unit in ("calls", "ms") else mark, unit)


def _ticks(chart: Chart, scale: Scale) -> Iterable[Tick]:
    count = len(chart.ticks)
    every = max(1, math.ceil(count / TICKS))
    for at in range(0, count, every):
        anchor = "start" if at == 0 and count > 1 else "middle"
        x = scale.left(at) if anchor == "start" else scale.middle(at)
        if x < 96 or count == 1:
            yield Tick(_percent(x), chart.ticks[at], anchor)


def _piece(chart: Chart, scale: Scale, at: int) -> Piece:
    width = scale.width
    boxes, dots, base = [], [], 0.0
    gap = width * (0.12 if scale.count > 12 else 0.25)
    for one in chart.series:
        value = one.values[at]
        if value is None:
            continue
        if chart.kind == "lines":
            dots.append(Dot(one, _percent(scale.middle(at)), _px(scale.y(float(value)))))
        elif value:
            above, below = scale.y(base + float(value)), scale.y(base)
            left, height = scale.left(at) + gap / 2, max(below - above, 1.0)
            boxes.append(Box(one, _percent(left), _px(below - height), _percent(width - gap), _px(height)))
            base += float(value) if chart.kind == "stack" else 0.0
    return Piece(
        x=_percent(scale.left(at)),
        width=_percent(width),
        href=chart.links[at],
        told=told(chart, at),
        few=chart.few(at),
        boxes=boxes,
        dots=dots,
    )


def _strokes(chart: Chart, scale: Scale) -> Iterable[Stroke]:
    """From each piece to the next; where there is nothing to say a line is broken."""
    for one in chart.series:
        for at, (value, following) in enumerate(zip(one.values, one.values[1:], strict=False)):
            if value is not None and following is not None:
                yield Stroke(
                    one,
                    _percent(scale.middle(at)),
                    _px(scale.y(float(value))),
                    _percent(scale.middle(at + 1)),
                    _px(scale.y(float(following))),
                )


def _names(chart: Chart, scale: Scale) -> list[Name]:
    """Beside the end of each line, and not upon each other."""
    ends = []
    for one in chart.series:
        last = next((value for value in reversed(one.values) if value is not None), None)
        if last is not None:
            ends.append((scale.y(float(last)), one))
    ends.sort(key=lambda pair: pair[0])
    names, lowest = [], float(TOP - APART)
    for at, (y, one) in enumerate(ends):
        room = BOTTOM - (len(ends) - 1 - at) * APART
        lowest = max(lowest + APART, min(y, room))
        names.append(Name(one, _px(lowest + 4)))
    return names


def _percent(number: float) -> str:
    return f"{number:.3f}%"


def _px(number: float) -> str:
    return f"{number:.1f}"
