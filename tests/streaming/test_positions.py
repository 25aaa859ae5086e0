"""Positions as text: what we write we read, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.feed import Stand
from streaming.positions import NOWHERE, UNSEEN, BadPosition, Cursor, Position, join

EPOCHS = st.text("0123456789abcdef", min_size=8, max_size=10)
IDS = st.one_of(st.just((0, 0)), st.tuples(st.integers(1, 2**44), st.integers(0, 2**20)))
POSITIONS = st.builds(Position, EPOCHS, IDS, st.booleans()).map(
    lambda position: Position(position.epoch, end=True) if position.end else position
)


@given(POSITIONS)
def test_one_position_reads_as_it_was_written(position):
    assert Position.parse(str(position)) == position
    assert Cursor.parse(str(position)).of("any", position.epoch) == position


@given(st.lists(POSITIONS, min_size=2, max_size=21))
def test_several_positions_read_as_they_were_written(places):
    known = {f"topic {n}": position for n, position in enumerate(places)}

    cursor = Cursor.parse(join(known))

    assert {topic: cursor.of(topic, position.epoch) for topic, position in known.items()} == known
    assert all(cursor.at_end(topic) == position.end for topic, position in known.items())


@given(st.lists(POSITIONS, min_size=2, max_size=5), st.lists(st.tuples(st.integers(0, 1), IDS), max_size=20))
def test_a_stand_that_moves_says_where_it_is(places, moves):
    names = [f"topic {n}" for n in range(len(places))]
    at: list[Position | None] = [None, *places[1:]]
    stand = Stand(names, at)
    for index, id in moves:
        at[index] = Position(places[index].epoch, id)
        text = stand.move(index, at[index])
        cursor = Cursor.parse(text)

        known = [cursor.of(name, place.epoch) for name, place in zip(names, places, strict=True)]
        assert known == [place or UNSEEN for place in at]


def test_a_topic_of_another_epoch_or_never_seen_has_no_position():
    cursor = Cursor.parse(join({"a": Position("11111111", (5, 0)), "b": Position("22222222", (6, 1))}))

    assert cursor.of("a", "99999999") is None
    assert cursor.of("c", "11111111") is None
    assert cursor.of("b", "22222222") == Position("22222222", (6, 1))


def test_twenty_one_topics_fit_a_header():
    at = 1_795_000_000_000
    known = {f"ws:x:call:{n}": Position(f"{n:08x}", (at + n * 60_000, n % 3)) for n in range(21)}

    assert len(join(known)) < 400


@pytest.mark.parametrize(
    "text",
    ["", "x", "1-2", "1-2-3-4", "A-1-2", "1-end-", "~", "~.", "~zz.", "~1.abc", "~1.abcdef", "~1.abcdefx",
     "1" * 2000, "1-99999999999999999-0", "~1.abcdefg1,", " 1-2-3", "1-2-3\n"],
)  # fmt: skip
def test_what_we_never_wrote_is_refused(text):
    with pytest.raises(BadPosition):
        Cursor.parse(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text):
    try:
        Cursor.parse(text)
    except BadPosition:
        return
    assert text


def test_nowhere_is_no_place_in_any_log():
    assert str(NOWHERE) == "0-0-0"
    assert Cursor.parse(join({"a": NOWHERE, "b": NOWHERE})).of("a", "12345678") is None
