"""Positions as text: what we write we read, and nothing else."""

from itertools import pairwise

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


@given(st.lists(POSITIONS, min_size=3, max_size=9, unique_by=lambda position: position.epoch))
def test_one_reader_goes_on_from_the_positions_of_several_connections(places):
    known = {f"topic {n}": position for n, position in enumerate(places)}
    together = join(dict(list(known.items())[:-1]))

    cursor = Cursor.merged([together, str(places[-1])])

    assert {topic: cursor.of(topic, position.epoch) for topic, position in known.items()} == known
    assert cursor.of("topic 0", "of another epoch") is None or places[0].end
    assert Cursor.merged([together]) == Cursor.parse(together)


def test_twenty_one_topics_fit_a_header():
    at = 1_795_000_000_000
    known = {f"ws:x:call:{n}": Position(f"{n:08x}", (at + n * 60_000, n % 3)) for n in range(21)}

    assert len(join(known)) < 400


@pytest.mark.parametrize(
    "text",
    ["", "x", "1-2", "1-2-3-4", "A-1-2", "1-end-", "~", "~.", "~zz.", "~1.abc", "~1.abcdef", "~1.abcdefx",
     "1" * 2000, "1-99999999999999999-0", "~1.abcdefg1,", " 1-2-3", "1-2-3\n",
     "~-5.abcdefg1", "~0x5.abcdefg1", "~1_0.abcdefg1", "~ 5.abcdefg1", "~\u0665.abcdefg1",
     f"~{'f' * 400}.abcdefg1"],
)  # fmt: skip
def test_what_we_never_wrote_is_refused(text):
    with pytest.raises(BadPosition):
        Cursor.parse(text)


def test_more_positions_than_a_page_has_topics_are_refused():
    assert Cursor.merged([f"{n:x}-1-0" for n in range(21)]).of("any", "a") == Position("a", (1, 0))
    with pytest.raises(BadPosition):
        Cursor.merged(["1-1-0"] * 100)


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


# What happens to four topics of which a reader watches some: one says something, ends, or begins a new epoch
# (whose clock may be behind), or the reader comes back for others of them.
HAPPENINGS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(0, 3)),
        st.tuples(st.just("say"), st.integers(0, 3)),
        st.tuples(st.just("end"), st.integers(0, 3)),
        st.tuples(st.just("renew"), st.integers(0, 3), st.integers(1, 2**42)),
        st.tuples(st.just("come back"), st.lists(st.integers(0, 3), min_size=2, unique=True)),
    ),
    min_size=10,
    max_size=40,
)


class Kept:
    """A topic as the log keeps it."""

    def __init__(self, name: str) -> None:
        self.name, self.epochs, self.clock, self.ended = name, 0, 0, False
        self.renew(1000)

    def renew(self, clock: int) -> None:
        self.epochs, self.clock, self.ids = self.epochs + 1, clock, [(0, 0)]

    def say(self) -> Position:
        self.ids.append((self.clock + len(self.ids) // 2, len(self.ids) % 2))
        return self.top

    @property
    def epoch(self) -> str:
        return f"{self.epochs:08x}"

    @property
    def top(self) -> Position:
        return Position(self.epoch, end=True) if self.ended else Position(self.epoch, self.ids[-1])

    def after(self, place: Position) -> list[Position]:
        """What somebody who stands there is told."""
        if place.end:
            return []
        rest = [Position(self.epoch, id) for id in self.ids if id > place.id]
        return [*rest, self.top] if self.ended else rest


class Follower:
    """A reader of several topics. `frames`: every cursor it was given, and what it had been told by then."""

    def __init__(self, topics: list[Kept]) -> None:
        self.told: dict[str, Position] = {}
        self.frames: list[tuple[Cursor, dict[str, Position]]] = []
        self.connect(topics, Cursor(places={}))

    def connect(self, topics: list[Kept], cursor: Cursor) -> None:
        places = [cursor.of(topic.name, topic.epoch) for topic in topics]
        self.names = [topic.name for topic in topics]
        self.stand = Stand(self.names, places)
        self.told = {name: place for name, place in zip(self.names, places, strict=True) if place}
        for topic, place in zip(topics, places, strict=True):
            if place is None:
                self.hear(topic.name, NOWHERE)
            for news in [topic.top] if place is None else topic.after(place):
                self.hear(topic.name, news)

    def hear(self, name: str, position: Position) -> None:
        if name in self.names:
            text = self.stand.move(self.names.index(name), position)
            self.told[name] = position
            self.frames.append((Cursor.parse(text), dict(self.told)))


@given(HAPPENINGS)
def test_every_cursor_of_several_topics_says_exactly_what_was_told(happenings):
    topics = [Kept(f"topic {n}") for n in range(4)]
    reader = Follower(topics[:2])
    for what, which, *more in happenings:
        if what == "come back":
            reader.connect([topics[n] for n in which], reader.stand.cursor())
        elif what == "renew":
            topics[which].renew(*more)
            if not topics[which].ended:
                reader.hear(topics[which].name, NOWHERE)
                reader.hear(topics[which].name, topics[which].top)
        elif not topics[which].ended:
            topics[which].ended = what == "end"
            reader.hear(topics[which].name, topics[which].top if what == "end" else topics[which].say())

    for cursor, told in reader.frames:
        for topic in topics:
            known = told.get(topic.name, NOWHERE)
            place = cursor.of(topic.name, topic.epoch)
            if known.end:
                # For ever, whatever the log has become.
                assert place == Position(topic.epoch, end=True)
            elif known.epoch == topic.epoch:
                assert place == known
                assert topic.after(place) == [
                    news for news in topic.after(Position(topic.epoch)) if news.end or news.id > known.id
                ]
            else:
                assert place in (None, UNSEEN)
    for (_, earlier), (_, later) in pairwise(reader.frames):
        for name in earlier.keys() & later.keys():
            same = earlier[name].epoch == later[name].epoch
            assert not same or later[name].end or later[name].id >= earlier[name].id
