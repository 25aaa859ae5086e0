"""Where things sit on a time line."""

import re

import pytest

from calls import timeline

MINUTE = 60_000


def xs(path: str) -> list[float]:
    return [float(x) for x in re.findall(r"M([\d.]+) ", path)]


@pytest.mark.parametrize(
    ("now_ms", "window_ms"),
    [
        (0, 2 * MINUTE),
        (119_999, 2 * MINUTE),
        (120_000, 4 * MINUTE),
        (59 * MINUTE, 60 * MINUTE),
        (100 * MINUTE, 120 * MINUTE),
    ],
)
def test_the_right_edge_jumps_and_never_slides(now_ms, window_ms):
    assert timeline.window(now_ms) == window_ms


def test_a_caller_is_above_the_middle_and_an_agent_below():
    drawn = timeline.bars([(0, 5_000, "caller", 12), (6_000, 9_000, "agent", 8)], 0, MINUTE, MINUTE, 97)

    assert set(re.findall(r" 18\.5v-", drawn["caller"])) == {" 18.5v-"}
    assert set(re.findall(r" 21\.5v\d", drawn["agent"])) <= {f" 21.5v{n}" for n in range(10)}
    assert "v-" not in drawn["agent"]


def test_bars_stay_in_their_box():
    drawn = timeline.bars(
        [(start, start + 900, "agent", 9) for start in range(0, MINUTE, 1_000)], 0, MINUTE, MINUTE, 97
    )

    heights = [float(height) for height in re.findall(r"v([\d.]+)", drawn["agent"])]
    assert all(1.5 <= height <= 17.5 for height in heights)
    assert all(0 <= x <= 1_000 for x in xs(drawn["agent"]))


def test_a_growing_turn_never_moves_the_bars_already_drawn():
    before = timeline.bars([(1_000, 6_000, "agent", 13)], 0, MINUTE, MINUTE, 97)["agent"]
    after = timeline.bars([(1_000, 9_000, "agent", 21)], 0, MINUTE, MINUTE, 97)["agent"]

    # The last bar of a turn is drawn short, so it is the only one that may still change.
    shared = before[: before.rindex("M")]
    assert after.startswith(shared)
    assert xs(after)[: len(xs(before))] == xs(before)


def test_the_shortest_word_is_drawn():
    assert xs(timeline.bars([(500, 500, "caller", 1)], 0, MINUTE, MINUTE, 97)["caller"]) == [8.3]


def test_a_ribbon_shows_the_last_minute():
    drawn = timeline.ribbon(
        [(0, 4_000, "caller", 9), (65_000, 70_000, "agent", 12)], [10_000, 66_000], 80_000
    )

    assert drawn["caller"] == ""
    assert min(xs(drawn["agent"])) == 750.0
    assert drawn["tools"] == "M766.6 3v34"
    assert drawn["gap"] is None


def test_a_silence_is_boxed_once_it_is_dead_air():
    assert timeline.ribbon([], [], 80_000, silent_ms=8_000)["gap"] is None
    assert timeline.ribbon([], [], 80_000, silent_ms=12_000)["gap"] == ("800.0", "200.0")
    assert timeline.ribbon([], [], 400_000, silent_ms=300_000)["gap"] == ("0.0", "1000.0")


def test_a_source_that_tells_whole_turns_is_drawn_flat():
    drawn = timeline.ribbon([(30_000, 45_000, "agent", 40)], [], 60_000, level="turn")

    assert (drawn["agent"], drawn["agent_block"]) == ("", "M500.0 22h250.0v9h-250.0z")


def test_a_source_that_tells_events_only_is_drawn_as_dots():
    assert (
        timeline.ribbon([(30_000, 30_000, "agent", 0)], [], 60_000, level="event")["dots"] == "M500.0 14v12"
    )


def test_a_slow_reply_is_marked_with_its_seconds():
    turns = [
        {"n": 1, "role": "agent", "state": "final", "start_ms": 0, "end_ms": 4_000, "reply_ms": 900},
        {"n": 2, "role": "agent", "state": "final", "start_ms": 60_000, "end_ms": 64_000, "reply_ms": 3_240},
    ]

    quick, slow = timeline.marks(turns, 70_000, 2 * MINUTE)

    assert (quick["slow"], quick["x"]) == (False, "0.00")
    assert (slow["slow"], slow["reply"], slow["x"]) == (True, "3.2", "50.00")
    assert (slow["lat_y"], slow["lat_h"]) == ("4.2", "17.8")


def test_a_turn_still_open_lasts_until_now():
    (segment,) = timeline.segments_of(
        [{"n": 1, "role": "agent", "state": "speaking", "start_ms": 5_000, "end_ms": None, "words": 3}], 9_000
    )
    assert segment == (5_000, 9_000, "agent", 3)


@pytest.mark.parametrize("length_ms", [1, 999, 1_000, 41_000, 432_000, 3_600_000, 86_400_000])
def test_an_axis_has_at_most_eight_labels_from_zero(length_ms):
    labels = timeline.axis(length_ms)

    assert 1 <= len(labels) <= 8
    assert labels[0] == ("0.00", "0:00")


@pytest.mark.parametrize(
    ("ms", "words"), [(0, "0:00"), (59_999, "0:59"), (173_000, "2:53"), (3_773_000, "1:02:53")]
)
def test_a_clock_reads_like_one(ms, words):
    assert timeline.clock(ms) == words


def test_a_voice_takes_longer_than_its_words_to_arrive():
    assert timeline.voiced([(1_000, 1_400, "agent", 10)]) == [(1_000, 4_400, "agent", 10)]


def test_a_voice_falls_silent_when_somebody_else_begins():
    talk = [(1_000, 1_400, "agent", 10), (2_000, 3_000, "caller", 4)]

    assert timeline.voiced(talk) == [(1_000, 2_000, "agent", 10), (2_000, 3_000, "caller", 4)]


def test_nothing_is_drawn_that_has_not_been_said_yet():
    turn = {"n": 1, "role": "agent", "state": "final", "start_ms": 0, "end_ms": 500, "words": 60}

    drawn = timeline.strip([turn], 6_000, 2 * MINUTE)["bars"]["agent"]

    assert max(xs(drawn)) <= 50
