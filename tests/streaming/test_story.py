"""The record and the log, put together for one reader."""

from streaming.entries import Entry, Item
from streaming.positions import Position
from streaming.story import whole

TOP = Position("e", (3, 0))
WORDS = [Item((1, 0), b'{"type":"text-start"}', "r1"), Item((2, 0), b'{"type":"text-delta"}', "r1")]
RECORDED = [
    Entry({"type": "data-turn", "id": "c0"}, group="c0", whole=True),
    Entry({"type": "data-turn", "id": "r1"}, group="r1", whole=True),
]
END = Entry({"type": "finish"}, end=True)


def test_what_the_log_knows_is_told_from_there():
    story = whole(TOP, WORDS, RECORDED, ended=False)

    assert [item.group for item in story.record] == ["c0"]
    assert story.items == WORDS
    assert not story.ended


def test_a_record_that_is_over_is_told_alone_if_the_log_has_not_heard_of_it():
    story = whole(TOP, WORDS, [*RECORDED, END], ended=False)

    assert [item.group for item in story.record] == ["c0", "r1"]
    assert [item.marks for item in story.items] == ["e"]
    assert story.ended


def test_a_log_that_has_the_end_has_everything_before_it():
    said = [*WORDS, Item((3, 0), b'{"type":"finish"}', "", "e")]

    story = whole(TOP, said, [*RECORDED, END], ended=True)

    assert [item.group for item in story.record] == ["c0"]
    assert story.items == said
