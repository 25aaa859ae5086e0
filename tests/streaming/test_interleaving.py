"""The hub in one process, with browsers that are cut, stall and come back: every interleaving reads the
same."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streaming import keeper as keepers
from streaming import sse
from streaming.hub import Hub
from streaming.log import Entry, Log
from tests.streaming.browsers import Browser

TOPICS = ("a", "b")


class Source:
    """Says things in the topics, and remembers what a reader must know in the end."""

    def __init__(self, log: Log, names: list[str]) -> None:
        self.log, self.names = log, names
        self.known: dict[tuple[str, str], str] = {}
        self.open: dict[str, int] = dict.fromkeys(names, 0)

    async def words(self, index: int, text: str) -> None:
        name = self.names[index]
        key = f"r{self.open[name]}"
        entries = []
        if (name, key) not in self.known:
            self.known[name, key] = ""
            entries.append(Entry({"type": "text-start", "id": key}, group=key))
        self.known[name, key] += text
        entries.append(Entry({"type": "text-delta", "id": key, "delta": text}, group=key))
        await self.log.append(name, entries)

    async def finish(self, index: int, text: str) -> None:
        name = self.names[index]
        key = f"r{self.open[name]}"
        self.open[name] += 1
        self.known[name, key] = text
        part = {"type": "data-turn", "id": key, "data": {"text": text}}
        await self.log.append(name, [Entry(part, group=key, whole=True)])


SETTLED = st.sampled_from((0, 0.001, 0.008))  # seconds; the hub sends after one to four milliseconds
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("words"), st.integers(0, 1), st.text("ab\n🙂", min_size=1, max_size=9), SETTLED),
        st.tuples(st.just("words"), st.integers(0, 1), st.text("ab", min_size=1, max_size=9), SETTLED),
        st.tuples(st.just("finish"), st.integers(0, 1), st.text("ab", max_size=3), SETTLED),
        st.tuples(st.just("cut"), st.integers(0, 2), st.integers(0, 6), SETTLED),
        st.tuples(st.just("bounce"), st.integers(0, 2), st.integers(0, 6), SETTLED),
        st.tuples(st.just("stall"), st.integers(0, 2), st.none(), SETTLED),
        st.tuples(st.just("flow"), st.integers(0, 2), st.none(), SETTLED),
        st.tuples(st.just("pulse"), st.just(0), st.none(), SETTLED),
        st.tuples(st.just("pulse alone"), st.just(0), st.none(), SETTLED),
        st.tuples(st.just("lost news"), st.integers(0, 1), st.none(), SETTLED),
    ),
    min_size=8,
    max_size=60,
)


@pytest.fixture
def pulses_at_once(monkeypatch):
    monkeypatch.setattr(keepers, "RIDE_SECONDS", 0)


# Redis and the event loop outlive one example; names do not.
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, number=st.integers(0, 2**60))
def test_any_interleaving_reads_the_same(small_rings, pulses_at_once, steps, number):
    asyncio.run(interleave(steps, [f"any:{number}:{name}" for name in TOPICS]))


async def interleave(steps, names: list[str]) -> None:
    hub, log = Hub(), Log()
    browsers = [Browser(hub, names), Browser(hub, names[:1]), Browser(hub, names[1:])]
    source = Source(log, names)
    try:
        for browser in browsers:
            await browser.connect()
        for step in steps:
            await take(step, browsers, source)
        for browser in browsers:
            browser.open.set()
            if browser.connection is None:
                await browser.connect()
        await all_know(browsers, source)
    finally:
        for browser in browsers:
            browser.cut(0)
        await hub.close()
        await log.redis.delete(
            *[key async for key in log.redis.scan_iter(f"log:{{{names[0][:-1]}*")] or ["none"]
        )
        await log.close()


async def take(step, browsers: list[Browser], source: Source) -> None:
    what, index, more, settled = step
    if what in ("words", "finish"):
        await getattr(source, what)(index, more)
    elif what == "cut":
        browsers[index].cut(more)
    elif what == "bounce":
        browsers[index].cut(more)
        await browsers[index].connect()
    elif what == "stall":
        browsers[index].open.clear()
    elif what == "flow":
        browsers[index].open.set()
    elif what == "pulse":
        for feed in browsers[0].hub.feeds:
            feed.pulse = sse.pulse  # which goes with the words that come next, if any do
    elif what == "pulse alone":
        await browsers[0].hub._keeper._pulse()
    elif what == "lost news":
        # Said where nobody listens: as if Redis had dropped the message.
        database, source.log.database = source.log.database, 99
        await source.words(index, "unheard")
        source.log.database = database
    await asyncio.sleep(settled)


async def all_know(browsers: list[Browser], source: Source) -> None:
    """Wait until every browser has been told everything, then compare."""
    expected = [
        {
            (name if len(browser.names) > 1 else "", key): text
            for (name, key), text in source.known.items()
            if name in browser.names
        }
        for browser in browsers
    ]
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            while [browser.call.turns for browser in browsers] != expected:
                await browsers[0].hub.sources.look()
                await asyncio.sleep(0.01)
                for browser in browsers:
                    browser.read()
    for browser, known in zip(browsers, expected, strict=True):
        assert browser.call.turns == known
        assert browser.call.resets == 0
