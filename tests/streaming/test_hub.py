"""The hub in one process, with browsers that are cut, stall and come back: every interleaving reads the
same."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streaming import feed as feeds
from streaming import keeper as keepers
from streaming import recent as rings
from streaming.admission import Admission, Filter, Topic
from streaming.connection import Connection
from streaming.entries import Item, News
from streaming.hub import Hub
from streaming.log import Entry, Log
from streaming.pipes import Pipe
from streaming.positions import Cursor, Position
from tests.streaming.client import Call, parse

TOPICS = ("a", "b")


async def everyone(viewers) -> set:
    return set(viewers)


def stumble(part: dict) -> dict:
    raise KeyError(part["type"])


def words(text: str) -> list[Entry]:
    return [Entry({"type": "text-delta", "id": "r1", "delta": text}, group="r1")]


class Browser:
    """Takes what the hub sends; may stall like a full transport, be cut off, and come back to where it
    was."""

    def __init__(self, hub: Hub, names: list[str], filter: Filter | None = None) -> None:
        self.hub, self.names, self.filter = hub, names, filter
        self.call = Call()
        self.record: Callable[[], Awaitable[list[Entry]]] | None = None
        self.over = ""  # the topic of which the record says so
        self.writes = 0
        self.broken = False
        self.open = asyncio.Event()
        self.open.set()
        self.connection: Connection | None = None
        self.sources: list = []
        self._bytes = b""
        self._unread: deque[bytes] = deque()

    async def connect(self) -> None:
        tagged = len(self.names) > 1
        topics = [
            Topic(name, {"call": name} if tagged else {}, self.record, self.filter, name == self.over)
            for name in self.names
        ]
        admission = Admission("viewer", topics, everyone)
        self._bytes = b""
        self.sources = await self.hub.sources.enter(topics)
        self.connection = Connection(admission, self._send, self.hub, 1000)
        cursor = Cursor.parse(self.call.position) if self.call.position else None
        await self.hub.join(self.connection, self.sources, cursor)

    def cut(self, events: int) -> None:
        """The connection breaks after so many events more of what was sent had arrived."""
        if self.connection is None:
            return
        self.hub.leave(self.connection)
        self.hub.sources.release(self.sources)
        self.connection = None
        self.read(events)
        self._unread.clear()
        self.open.set()

    def read(self, most: int | None = None) -> None:
        while self._unread and (most is None or most > 0):
            self.call.take(parse(self._unread.popleft()))
            most = most and most - 1

    async def _send(self, message: dict) -> None:
        await self.open.wait()
        if self.broken:
            raise OSError("no such browser")
        self.writes += 1
        *events, self._bytes = (self._bytes + message["body"]).split(b"\n\n")
        self._unread.extend(event for event in events if event)


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
        st.tuples(st.just("lost news"), st.integers(0, 1), st.none(), SETTLED),
    ),
    min_size=8,
    max_size=60,
)


@pytest.fixture
def small_rings(monkeypatch) -> None:
    """So small that readers fall behind them at once, and the log must serve."""
    monkeypatch.setattr(rings, "MOST_ITEMS", 3)
    monkeypatch.setattr(feeds, "MOST_CHUNKS", 2)


# Redis and the event loop outlive one example; names do not.
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, number=st.integers(0, 2**60))
def test_any_interleaving_reads_the_same(small_rings, steps, number):
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


async def test_a_pipe_of_an_unknown_server_parks_and_goes_on(topic, log):
    hub = Hub()
    browser = Browser(hub, [topic])
    await browser.connect()
    assert type(browser.connection.pipe) is Pipe
    browser.open.clear()
    for text in ("one ", "two ", "three"):
        await log.append(topic, words(text))
        await asyncio.sleep(0.02)
    assert browser.connection in browser.connection.feed.parked
    browser.open.set()
    await told(browser, "one two three")
    assert browser.connection in browser.connection.feed.flowing
    browser.cut(0)
    await hub.close()


async def test_topics_come_and_go_with_their_readers(topic):
    hub = Hub()
    browser = Browser(hub, [topic])
    await browser.connect()
    assert list(hub.sources) == [topic]
    browser.cut(0)
    hub.sources.close_idle(-1)

    assert not hub.sources
    assert not hub._feeds
    await browser.connect()
    assert list(hub.sources) == [topic]
    browser.cut(0)
    await hub.close()


async def test_a_thousand_topics_cost_one_connection_and_one_look(topic, log):
    hub = Hub()
    browsers = [Browser(hub, [f"{topic}-{n}"]) for n in range(1000)]
    async with asyncio.timeout(20):
        await asyncio.gather(*(browser.connect() for browser in browsers))
        await hub.sources.look()
        await log.append(f"{topic}-700", [Entry({"type": "text-delta", "id": "r", "delta": "x"}, group="r")])
        while not browsers[700].call.turns:
            await asyncio.sleep(0.005)
            browsers[700].read()
    assert Position.parse(browsers[700].call.position).id > (0, 0)
    for browser in browsers:
        browser.cut(0)
    await hub.close()


async def test_a_burst_is_one_write(topic, log):
    hub = Hub()
    browser = Browser(hub, [topic])
    await browser.connect()
    await log.append(topic, words("Let me see."))
    await told(browser, "Let me see.")
    for _ in range(3):
        browser.call.turns.clear()
        await asyncio.sleep(0.05)  # quiet, so that each burst begins with the leading edge
        before = browser.writes
        await asyncio.gather(*(log.append(topic, words(word)) for word in "abcde"))
        await told(browser, "abcde")
        assert browser.writes == before + 1
    browser.cut(0)
    await hub.close()


async def test_a_browser_that_cannot_be_written_to_hurts_no_other_and_is_let_go(topic, log):
    hub = Hub()
    browsers = [Browser(hub, [topic]) for _ in range(3)]
    for browser in browsers:
        await browser.connect()
        browser.connection.task = None  # a server would end its request; here that would be this test
    browsers[1].broken = True
    await log.append(topic, words("still heard"))

    await told(browsers[0], "still heard")
    await told(browsers[2], "still heard")
    await hub._keeper._sweep()
    assert hub.connections == {browsers[0].connection, browsers[2].connection}
    await hub.close()


async def test_who_never_takes_its_last_words_is_cut(topic, monkeypatch):
    monkeypatch.setattr(keepers, "LONGEST_PARKED", -1)
    hub = Hub()
    browser = Browser(hub, [topic])
    serving = asyncio.create_task(asyncio.sleep(60))
    await browser.connect()
    browser.connection.task = serving
    browser.open.clear()

    hub.end(browser.connection)
    assert hub.connections == {browser.connection}
    await hub._keeper._sweep()

    assert not hub.connections
    assert not hub._feeds
    assert serving.cancelling()
    await hub.close()


async def test_what_two_topics_say_at_once_nobody_has_seen_until_it_is_given(topic):
    hub, names = Hub(), [f"{topic}-a", f"{topic}-b"]
    browser = Browser(hub, names)
    await browser.connect()
    feed = browser.connection.feed
    feed.due = asyncio.get_running_loop().time() + 60  # what is said now is collected
    stood = {source: source.recent.position for source in browser.sources}
    for source, at in stood.items():
        source.hear(News(at.epoch, at.id, [Item((at.id[0] + 1, 0), b'{"type":"x"}')]))
    hub._flush()
    assert len(feed.collected) == 2

    feed.park(browser.connection)

    standing = Cursor.parse(browser.connection.standing)
    assert {source: standing.of(source.name, at.epoch) for source, at in stood.items()} == stood
    browser.cut(0)
    await hub.close()


async def test_who_leaves_while_it_is_caught_up_stays_away(small_rings, topic, log):
    hub = Hub()
    browser = Browser(hub, [topic])
    await browser.connect()
    browser.open.clear()
    for text in "abcdefghijklmnopqrstuvwxyz":  # more than any ring keeps
        await log.append(topic, words(text))
        await asyncio.sleep(0.01)
    connection = browser.connection
    browser.open.set()
    async with asyncio.timeout(5):
        while connection.feed is not None:  # noqa: ASYNC110 - until the log is asked; nobody tells
            await asyncio.sleep(0)
    browser.cut(0)
    await asyncio.gather(*hub._tasks)

    assert not hub.connections
    assert not hub._feeds
    await hub.close()


async def test_a_finished_call_leaves_nothing_behind(topic, log):
    await log.append(topic, [Entry({"type": "finish"}, end=True)])
    hub = Hub()
    browser = Browser(hub, [topic])
    await browser.connect()
    browser.read()

    assert browser.call.ended
    assert not hub._feeds
    assert not hub.connections
    await hub.close()


async def test_who_comes_while_the_server_leaves_is_sent_on(topic):
    hub = Hub()
    hub.draining = True
    browser = Browser(hub, [topic])
    await browser.connect()

    assert browser.connection.closed
    assert not hub.connections
    await hub.close()


async def test_a_filter_that_stumbles_costs_no_other_the_news_of_a_new_epoch(topic, log):
    hub = Hub()
    stumbling = [Browser(hub, [topic], stumble), Browser(hub, [topic, f"{topic}-2"], stumble)]
    other = Browser(hub, [topic])
    for browser in (*stumbling, other):
        await browser.connect()
    await log.redis.delete(*[key async for key in log.redis.scan_iter(f"log:{{{topic}}}:*")])
    log.database = 99  # nobody hears of it
    await log.append(topic, words("said since"))
    await hub.sources.look()

    await told(other, "said since")
    assert other.call.resets == 1
    assert hub.connections == {other.connection}
    await hub.close()


async def test_what_is_over_is_not_reset_when_the_log_forgets_it(topic, log):
    other, hub = f"{topic}-2", Hub()
    browser = Browser(hub, [topic, other])
    await browser.connect()
    await log.append(topic, [Entry({"type": "finish"}, end=True)])
    async with asyncio.timeout(10):
        while not browser.call.ended:
            await asyncio.sleep(0.005)
            browser.read()

    await log.redis.flushdb()
    await hub.sources.look()
    async with asyncio.timeout(10):
        while not browser.call.resets:
            await asyncio.sleep(0.005)
            browser.read()
    await log.append(other, words("goes on"))
    async with asyncio.timeout(10):
        while (other, "r1") not in browser.call.turns:
            await asyncio.sleep(0.005)
            browser.read()

    assert browser.call.resets == 1  # of the other
    browser.cut(0)
    await hub.close()


async def test_who_was_told_of_an_end_by_the_record_stands_at_the_end(topic, log):
    other, hub = f"{topic}-2", Hub()
    browser, early = Browser(hub, [topic, other]), Browser(hub, [topic, other])
    await early.connect()
    browser.over = topic
    await browser.connect()
    browser.read()
    assert browser.call.ended
    await log.append(other, words("goes on"))
    for each in (browser, early):
        async with asyncio.timeout(10):
            while (other, "r1") not in each.call.turns:
                await asyncio.sleep(0.005)
                each.read()

    assert Cursor.parse(browser.call.position).at_end(topic)
    assert not Cursor.parse(early.call.position).at_end(topic)
    for each in (browser, early):
        each.cut(0)
    await hub.close()


async def test_an_end_that_only_the_record_remembers_is_told_to_those_who_watch(topic, log):
    async def record():
        return [Entry({"type": "finish"}, end=True)]

    hub = Hub()
    browser = Browser(hub, [topic])
    browser.record = record
    await browser.connect()
    await log.redis.flushdb()
    await hub.sources.look()
    async with asyncio.timeout(10):
        while not browser.call.ended:
            await asyncio.sleep(0.005)
            browser.read()

    assert not hub.connections
    await hub.close()


async def told(browser: Browser, text: str) -> None:
    async with asyncio.timeout(10):
        while browser.call.turns.get(("", "r1")) != text:
            await asyncio.sleep(0.005)
            browser.read()
