import asyncio
import threading

from agents.lookup import Lookup, per_loop


class Rows:
    """Stands for a table; counts how often it is read."""

    def __init__(self, **rows) -> None:
        self.rows = rows
        self.reads = 0
        self.release = threading.Event()
        self.release.set()

    def __call__(self, key):
        self.reads += 1
        assert self.release.wait(5)
        return self.rows.get(key)


async def test_it_reads_once_for_all_who_ask_together():
    rows = Rows(a=1)
    lookup = Lookup(rows)

    assert await asyncio.gather(*[lookup.get("a") for _ in range(50)]) == [1] * 50
    assert await lookup.get("a") == 1
    assert rows.reads == 1


async def test_it_reads_again_when_what_it_has_is_old():
    rows = Rows(a=1)
    lookup = Lookup(rows, seconds=0)

    await lookup.get("a")
    rows.rows["a"] = 2

    assert await lookup.get("a") == 2


async def test_it_does_not_remember_what_is_not_there():
    rows = Rows()
    lookup = Lookup(rows)

    assert await lookup.get("a") is None
    rows.rows["a"] = 1

    assert await lookup.get("a") == 1


async def test_it_keeps_no_more_than_it_may():
    rows = Rows(a=1, b=2, c=3)
    lookup = Lookup(rows, size=2)
    for key in "abc":
        await lookup.get(key)

    await lookup.get("c")
    await lookup.get("b")
    assert rows.reads == 3
    await lookup.get("a")
    assert rows.reads == 4


async def test_one_who_gives_up_does_not_spoil_it_for_the_others():
    rows = Rows(a=1)
    rows.release.clear()
    lookup = Lookup(rows)
    first, second = asyncio.create_task(lookup.get("a")), asyncio.create_task(lookup.get("a"))
    await asyncio.sleep(0)

    first.cancel()
    rows.release.set()

    assert await second == 1
    assert rows.reads == 1


def test_each_loop_has_its_own():
    get = per_loop(object)

    async def twice():
        return get(), get()

    one, again = asyncio.run(twice())
    other, _ = asyncio.run(twice())
    assert one is again
    assert one is not other
