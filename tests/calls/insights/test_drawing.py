"""Marks are where their values are, and names of lines beside each other."""

from itertools import pairwise

from calls.insights.charts import Chart, Series
from calls.insights.drawing import APART, BOTTOM, TOP, draw


def chart(kind: str, *values: list, **fields) -> Chart:
    pieces = len(values[0])
    series = [Series(f"s{n}", list(one), "agent", n + 1) for n, one in enumerate(values)]
    labels = [f"day {n}" for n in range(pieces)]
    told = {"unit": "calls", "of": "calls", "ns": [30] * pieces, "series": series} | fields
    return Chart("x", "How many?", kind, labels=labels, ticks=labels, links=["a=b"] * pieces, **told)


def test_stacked_parts_stand_on_each_other():
    first, second = draw(chart("stack", [10, 0], [20, 5])).pieces

    below, above = first.boxes
    assert float(below.y) + float(below.height) == BOTTOM
    assert float(above.y) + float(above.height) == float(below.y)
    assert len(second.boxes) == 1
    assert first.told == "day 0: s0 10, s1 20 (n 30 calls)"


def test_a_line_is_broken_where_there_is_nothing_to_say():
    drawn = draw(chart("lines", [0.5, None, 0.7, 0.7], unit="share", span=(0, 1), ns=[30, 0, 19, 20]))

    assert len(drawn.strokes) == 1
    assert [len(piece.dots) for piece in drawn.pieces] == [1, 0, 1, 1]
    assert [piece.few for piece in drawn.pieces] == [False, True, True, False]


def test_names_are_apart_and_within():
    drawn = draw(chart("lines", [1], [1], [1], unit="share", span=(0, 1)))

    at = [float(name.y) for name in drawn.names]
    assert all(below - above >= APART for above, below in pairwise(at))
    assert at[0] >= TOP
    assert at[-1] <= BOTTOM + 4


def test_of_one_piece_and_of_nothing_it_is_drawn_too():
    assert draw(chart("bars", [1])).rules[-1].text == "1"
    assert not draw(chart("stack", [0])).pieces[0].boxes
