"""The hub in one process: who comes, leaves, stumbles or takes nothing, and what that costs the others."""

import asyncio

from streaming import keeper as keepers
from streaming.entries import Item, News
from streaming.hub import Hub
from streaming.log import Entry
from streaming.pipes import Pipe
from streaming.positions import Cursor, Position
from tests.streaming.browsers import Browser, told, words


def stumble(part: dict) -> dict:
    raise KeyError(part["type"])


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


async def test_a_pulse_goes_with_the_words_that_come_and_alone_to_whom_none_do(topic, log, monkeypatch):
    monkeypatch.setattr(keepers, "RIDE_SECONDS", 0.5)
    hub = Hub()
    told_something, told_nothing = browsers = [Browser(hub, [topic]), Browser(hub, [f"{topic}-quiet"])]
    for browser in browsers:
        await browser.connect()
    before = [browser.writes for browser in browsers]
    pulsing = asyncio.create_task(hub._keeper._pulse())
    await asyncio.sleep(0)  # it waits for words
    await log.append(topic, words("With words."))
    await told(told_something, "With words.")
    pulses = told_something.call.pulses
    await pulsing
    told_something.read()
    told_nothing.read()

    assert pulses == told_something.call.pulses == told_nothing.call.pulses == 1
    assert [browser.writes for browser in browsers] == [n + 1 for n in before]
    for browser in browsers:
        browser.cut(0)
    await hub.close()


async def test_who_was_parked_is_told_the_words_without_an_old_pulse(topic, log, monkeypatch):
    monkeypatch.setattr(keepers, "RIDE_SECONDS", 0.5)
    hub = Hub()
    browsers = [Browser(hub, [topic]) for _ in range(2)]
    for browser in browsers:
        await browser.connect()
    browsers[1].open.clear()
    await log.append(topic, words("one "))
    await told(browsers[0], "one ")
    pulsing = asyncio.create_task(hub._keeper._pulse())
    await asyncio.sleep(0)
    await log.append(topic, words("two"))
    await told(browsers[0], "one two")
    browsers[1].open.set()
    await told(browsers[1], "one two")
    await pulsing

    assert [browser.call.pulses for browser in browsers] == [1, 0]
    for browser in browsers:
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
