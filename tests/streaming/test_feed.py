"""What is encoded once and shared: frames, their positions, and what the parked have missed."""

import pytest

from streaming import feed as feeds
from streaming.admission import Topic
from streaming.entries import Item, encode
from streaming.feed import Feed
from streaming.positions import Cursor, Position
from streaming.story import Story

EPOCH = "12345678"


class Reader:
    """A connection as a feed sees it."""

    direct = None

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.full = False
        self.dead = False
        self.standing = ""
        self.pipe = self

    def write(self, chunk) -> bool:
        assert not self.full, "was given more while full"
        self.got.append(chunk.body)
        return not self.full

    def park(self, standing: str) -> None:
        self.standing = standing


class Full(Reader):
    """Takes one chunk and is full."""

    def write(self, chunk) -> bool:
        super().write(chunk)
        self.full = True
        return False


def feed_of(*topics: Topic) -> Feed:
    return Feed(("key",), topics, [Position(EPOCH, (5, 0)) for _ in topics])


def item(n: int, text: str = "", **more) -> Item:
    return Item((n, 0), f'{{"text":"{text or n}"}}'.encode(), **more)


def test_one_frame_serves_all_who_watch_the_same():
    feed, readers = feed_of(Topic("a")), [Reader() for _ in range(3)]
    for reader in readers:
        feed.join(reader)

    feed.push(feed.frames(0, EPOCH, [item(6)]))

    assert readers[0].got == [b'id: 12345678-6-0\ndata: {"text":"6"}\n\n']
    assert all(reader.got[0] is readers[0].got[0] for reader in readers)


@pytest.mark.parametrize(
    ("tag", "data", "told"),
    [
        ({}, b'{"type":"x"}', b'{"type":"x"}'),
        ({"call": "c"}, b'{"type":"x"}', b'{"type":"x","call":"c"}'),
        ({"call": "c"}, b"{}", b'{"call":"c"}'),
    ],
)
def test_a_tag_is_merged_into_each_object(tag, data, told):
    feed = feed_of(Topic("a", tag=tag))

    assert feed.frames(0, EPOCH, [Item((6, 0), data)]) == b"id: 12345678-6-0\ndata: %b\n\n" % told


def test_what_is_left_out_still_moves_the_position():
    feed = feed_of(Topic("a", filter=lambda part: None if part["text"] == "6" else part))

    assert feed.frames(0, EPOCH, [item(6), item(7)]) == b'id: 12345678-7-0\ndata: {"text":"7"}\n\n'


@pytest.mark.parametrize("text", ["\u2028", "\ud83d", "é"])
def test_what_went_through_a_filter_is_one_line_as_before(text):
    data = encode({"text": text})

    filtered = feed_of(Topic("a", filter=dict)).frames(0, EPOCH, [Item((6, 0), data)])
    assert filtered == feed_of(Topic("a")).frames(0, EPOCH, [Item((6, 0), data)])


def test_the_end_is_told_last_and_then_done():
    told = feed_of(Topic("a")).frames(0, EPOCH, [item(6, "end", marks="e"), item(7, "late")])

    assert [line for line in told.split(b"\n") if line.startswith(b"data")] == [
        b'data: {"text":"late"}',
        b'data: {"text":"end"}',
        b"data: [DONE]",
    ]
    assert b"id: 12345678-end\n" in told


def test_the_parked_get_all_they_missed_in_one_piece():
    feed, slow, quick = feed_of(Topic("a")), Full(), Reader()
    feed.join(slow)
    feed.join(quick)
    for n in (6, 7, 8):
        feed.push(feed.frames(0, EPOCH, [item(n)]))

    assert slow in feed.parked
    assert slow.standing == "12345678-6-0"
    assert feed.missed(slow) == b"".join(quick.got[1:])
    assert slow in feed.flowing


def test_who_fell_too_far_behind_is_sent_to_the_log(monkeypatch):
    monkeypatch.setattr(feeds, "MOST_CHUNKS", 2)
    feed, slow = feed_of(Topic("a")), Full()
    feed.join(slow)
    for n in range(6, 12):
        feed.push(feed.frames(0, EPOCH, [item(n)]))

    assert feed.missed(slow) is None
    assert slow.standing == "12345678-6-0"
    assert feed.empty


def test_what_is_collected_but_not_pushed_nobody_has_seen():
    feed, slow = feed_of(Topic("a"), Topic("b")), Reader()
    feed.join(slow)
    feed.mark()
    feed.collected.append(feed.frames(0, EPOCH, [item(6)]))

    feed.park(slow)

    assert Cursor.parse(slow.standing).of("a", EPOCH) == Position(EPOCH, (5, 0))


def test_a_story_cut_anywhere_before_its_items_begins_again():
    feed = feed_of(Topic("a"))
    story = Story(
        Position(EPOCH, (9, 0)), [item(7), item(9)], [item(0, "record"), item(0, "more")], reset=True
    )

    told = [frame.split(b"\n")[0] for frame in feed.tell(0, story).split(b"\n\n")]

    assert told[:-1] == [b"id: 0-0-0"] * 3 + [b"id: 12345678-7-0", b"id: 12345678-9-0"]


@pytest.mark.parametrize(
    ("topics", "data"),
    [
        ([Topic("a")], b"{}"),
        ([Topic("a", tag={"call": "c"})], b'{"call":"c"}'),
        ([Topic("a"), Topic("b", tag={"call": "c"})], b'{"topic":"a"}'),
    ],
)
def test_a_reset_says_whose_it_is(topics, data):
    told = feed_of(*topics).tell(0, Story(Position(EPOCH, (9, 0)), reset=True))

    assert b'{"type":"data-reset","data":%b}' % data in told


def test_a_story_from_the_record_alone_ends_where_the_log_stands():
    story = Story(Position(EPOCH, (9, 0)), [], [item(0, "record"), item(0, "more")])

    told = [frame.split(b"\n")[0] for frame in feed_of(Topic("a")).tell(0, story).split(b"\n\n")]

    assert told[:-1] == [b"id: 0-0-0", b"id: 12345678-9-0"]
