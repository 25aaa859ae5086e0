"""The ring: complete from its floor on, or it says so."""

from hypothesis import given
from hypothesis import strategies as st

from streaming import recent
from streaming.entries import Item, News, coalesce
from streaming.positions import Position
from streaming.recent import Doubt, Recent


def item(n: int, size: int = 1) -> Item:
    return Item((n, 0), b"x" * size)


def news(before: int, *ids: int, epoch: str = "a") -> News:
    return News(epoch, (before, 0), [item(n) for n in ids])


def test_it_takes_what_follows_and_only_once():
    ring = Recent(Position("a", (3, 0)), [item(2), item(3)], (1, 0))

    assert ring.take(news(3, 4, 5)) == [item(4), item(5)]
    assert ring.take(news(3, 4, 5)) == []
    assert ring.take(news(4, 5, 6)) == [item(6)]
    assert ring.since(Position("a", (3, 0))) == [item(4), item(5), item(6)]


def test_it_notices_a_hole_and_another_epoch():
    ring = Recent(Position("a", (3, 0)), [])

    assert ring.take(news(5, 6)) is Doubt.GAP
    assert ring.take(news(3, 4, epoch="b")) is Doubt.RENEWED
    assert ring.last == (3, 0)


def test_it_knows_nothing_of_before_its_floor_or_after_its_end():
    ring = Recent(Position("a", (5, 0)), [item(5)], (4, 0))

    assert ring.since(Position("a", (4, 0))) == [item(5)]
    assert ring.since(Position("a", (3, 0))) is None
    assert ring.since(Position("a", (6, 0))) is None
    assert ring.since(Position("b", (5, 0))) is None


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 20_000)), max_size=200))
def test_it_stays_small_and_complete(appends):
    ring, last, everything = Recent(Position("a"), []), 0, []
    for count, size in appends:
        fresh = [item(last + 1 + n, size) for n in range(count)]
        ring.take(News("a", (last, 0), fresh))
        everything += fresh
        last += count

    assert len(ring.items) <= 2 * recent.MOST_ITEMS + 40
    assert sum(len(each.data) for each in ring.items) <= 2 * recent.MOST_BYTES + 40 * 20_000
    assert ring.items == everything[len(everything) - len(ring.items) :]
    assert ring.since(Position("a", ring.floor)) == ring.items


def test_a_board_stays_whole_however_fast_it_changes():
    ring = Recent(Position("a"), [])
    for n in range(1, 20_001):
        ring.take(News("a", (n - 1, 0), [Item((n, 0), b"x" * 2500, f"card-{n % 300}", "w")]))

    newest = [item.id for item in coalesce(ring.since(Position("a")))]

    assert newest == [(n, 0) for n in range(19_701, 20_001)]
    assert len(ring.items) <= 700
