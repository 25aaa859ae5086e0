"""Which tools belong to which answer, and what is taken over with them."""

import pytest

from calls.models import Turn
from live.playground.taken import owners, taken


def turn(n: int, role: str, key: str, start_ms: int = 0, end_ms: int | None = None) -> Turn:
    ok = True if role == "tool" and end_ms is not None else None
    return Turn(n=n, role=role, key=key, start_ms=start_ms, end_ms=end_ms, tool_ok=ok)


ON_A_LINE = [
    turn(1, "caller", "c0", 0, 900),
    turn(2, "agent", "r1", 1_000, 5_000),
    turn(3, "tool", "x3", 1_200, 2_000),
    turn(4, "tool", "x4", 2_100, 3_000),
    turn(5, "caller", "c1", 6_000, 7_000),
]
IN_A_TRANSCRIPT = [
    turn(1, "caller", "c0", 0, 900),
    turn(2, "agent", "a0", 1_000, 1_500),
    turn(3, "tool", "t1", 1_600, 2_000),
    turn(4, "agent", "a1", 2_500, 4_000),
    turn(5, "tool", "t2", 4_100, 4_200),
    turn(6, "caller", "c1", 6_000, 7_000),
]
IN_A_CHAT = [
    turn(1, "agent", "m0", 0, 0),
    turn(2, "caller", "u1", 10, 10),
    turn(3, "agent", "m1", 20, 50),
    turn(4, "tool", "m1.x4", 30, 40),
]
LEFT_ALONE = [turn(1, "caller", "c0", 0, 900), turn(2, "tool", "x2", 1_000, 1_100)]


@pytest.mark.parametrize(
    ("turns", "owner"),
    [
        (ON_A_LINE, {"x3": "r1", "x4": "r1"}),
        (IN_A_TRANSCRIPT, {"t1": "a1", "t2": "a1"}),
        (IN_A_CHAT, {"m1.x4": "m1"}),
        (LEFT_ALONE, {}),
    ],
)
def test_a_tool_belongs_to_the_answer_it_was_used_for(turns, owner):
    assert owners(turns) == owner


@pytest.mark.parametrize(
    ("turns", "until", "numbers"),
    [
        (ON_A_LINE, 1, [1]),
        (ON_A_LINE, 2, [1, 2, 3, 4]),
        (ON_A_LINE, 3, [1, 2, 3, 4]),
        (ON_A_LINE, 5, [1, 2, 3, 4, 5]),
        (IN_A_TRANSCRIPT, 3, [1, 2, 3, 4, 5]),
        (IN_A_TRANSCRIPT, 2, [1, 2]),
        (IN_A_CHAT, 3, [1, 2, 3, 4]),
        (LEFT_ALONE, 2, [1, 2]),
        (ON_A_LINE, 0, []),
    ],
)
def test_an_answer_is_taken_over_with_its_tools(turns, until, numbers):
    assert [one.n for one in taken(turns, until)] == numbers


def test_a_tool_that_still_runs_is_left_out():
    running = [*ON_A_LINE, turn(6, "agent", "r2", 7_100, 8_000), turn(7, "tool", "x7", 7_200)]

    assert [one.n for one in taken(running, 7)] == [1, 2, 3, 4, 5, 6]
