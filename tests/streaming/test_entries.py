"""Coalescing: fewer items, the same words, whatever they are cut at."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.entries import Entry, Item, coalesce, delta, encode

TEXTS = st.text(max_size=3)
KEYS = st.sampled_from(["r1", "r2"])
PARTS = st.one_of(
    st.builds(lambda key, text: (delta(key, text), key, "p"), KEYS, TEXTS),
    st.builds(
        lambda key, text: ({"type": "data-turn", "id": key, "text": text}, key, "w"),
        KEYS,
        st.text(max_size=3),
    ),
    st.just(({"type": "start-step"}, "", "p")),
)


def items_of(parts) -> list[Item]:
    return [Item((1, n), encode(part), group, marks) for n, (part, group, marks) in enumerate(parts)]


def read(items: list[Item], known: dict | None = None) -> dict:
    """What a reader who knew `known` knows then."""
    known = dict(known or {})
    for item in items:
        part = orjson.loads(item.data)
        if part["type"] == "text-delta":
            known[part["id"]] = known.get(part["id"], "") + part["delta"]
        elif part["type"] == "data-turn":
            known[part["id"]] = part["text"]
    return known


@given(st.lists(PARTS, max_size=30))
def test_it_reads_the_same_in_fewer_items(parts):
    items = items_of(parts)

    shorter = coalesce(items)

    assert len(shorter) <= len(items)
    assert read(shorter) == read(items)
    assert [item.id for item in shorter] == sorted(item.id for item in shorter)


@given(st.lists(PARTS, max_size=30), st.data())
def test_it_may_be_cut_anywhere_and_continued_from_there(parts, data):
    items = items_of(parts)
    shorter = coalesce(items)
    cut = data.draw(st.integers(0, len(shorter)))

    seen = shorter[:cut]
    rest = [item for item in items if not seen or item.id > seen[-1].id]

    assert read(coalesce(rest), read(seen)) == read(items)


def test_neighbouring_words_of_one_text_become_one():
    items = items_of(
        [(delta("r1", "a"), "r1", "p"), (delta("r1", "b"), "r1", "p"), (delta("r2", "c"), "r2", "p")]
    )

    assert [(item.id, item.data) for item in coalesce(items)] == [
        ((1, 1), b'{"type":"text-delta","id":"r1","delta":"ab"}'),
        ((1, 2), b'{"type":"text-delta","id":"r2","delta":"c"}'),
    ]


@pytest.mark.parametrize("text", ["\u2028", "\u2029", "\u0085", "\r\n", "\ud83d", "\x00", "🙂"])
def test_every_text_is_one_line_of_json(text):
    data = encode(delta("r1", text))

    assert len(data.decode().splitlines()) == 1
    assert json.loads(data)["delta"] == text


def test_what_is_not_json_is_an_error_where_it_is_said():
    with pytest.raises(TypeError):
        encode({"type": "data-turn", "at": object()})


@pytest.mark.parametrize(
    ("entry", "marks"),
    [
        (Entry({}), "p"),
        (Entry({}, whole=True), "w"),
        (Entry({}, whole=True, gone=True), "g"),
        (Entry({}, end=True), "e"),
    ],
)
def test_an_entry_is_marked_for_what_it_is(entry, marks):
    assert entry.marks == marks
