"""Tabs that share a connection: in Chromium, against a real server, each told exactly its own words once."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from bench.ports import own_port
from streaming.log import Entry, Log
from tests.streaming.running import Web, eventually, web
from tests.streaming.test_consumers import FINISH, turn

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
OPEN = """async ([url, as, after, who]) => {
    const { openStream } = await import("/static/any/streaming/stream.js");
    const seen = (window.seen ??= { text: "", states: [], reports: [], resets: 0, over: [] });
    addEventListener("stream:state", ({ detail }) => seen.reports.push(detail.name));
    openStream(url, {
        part: (part) => (seen.text += part.delta ?? part.data?.text ?? ""),
        state: (state) => seen.states.push(state.name),
        reset: () => { seen.resets++; seen.text = ""; },
        end: () => seen.over.push("end"),
        signIn: () => seen.over.push("signIn"),
        refused: (status) => seen.over.push(status),
    }, { after, share: { who, as } });
}"""


class Tab:
    """A page that follows one stream."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def seen(self) -> dict:
        return await self.page.evaluate("() => window.seen")

    async def text(self) -> str:
        return (await self.seen())["text"]

    async def until(self, enough: Callable[[dict], bool], seconds: float = 40) -> dict:
        async def is_enough() -> bool:
            return enough(await self.seen())

        await eventually(is_enough, seconds)
        return await self.seen()


class Tabs:
    """One browser's tabs, at one server."""

    def __init__(self, context: BrowserContext, port: int, board: str, sharing: bool) -> None:
        self.context, self.port, self.board, self.sharing = context, port, board, sharing

    async def open(self, *args, **kwargs) -> Tab:
        tab = await self.blank()
        await self.follow(tab, *args, **kwargs)
        return tab

    async def blank(self) -> Tab:
        page = await self.context.new_page()
        await page.goto(f"http://127.0.0.1:{self.port}/page")
        return Tab(page)

    async def follow(
        self, tab: Tab, call: str = "", after: str | None = None, *, who: str = "maya", path: str = ""
    ) -> None:
        """A call at an address of its own, as the product has it, or at `path`; else the board."""
        shared = f"/shared/{self.board}"
        url, as_ = (f"/stream?topic={call}", f"{shared}?board=0&call={call}") if call else (shared, shared)
        await tab.page.evaluate(OPEN, [path or url, as_, after, who])

    async def connections(self) -> list[list[str]]:
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            return (await client.get(f"http://127.0.0.1:{self.port}/open")).json()

    async def until_connections(self, *topics: set[str], seconds: float = 60) -> None:
        """Until the server has exactly these connections, each with these topics, if tabs share any."""
        if not self.sharing:
            return

        async def is_so() -> bool:
            found = [set(names) for names in await self.connections()]
            return sorted(map(sorted, found)) == sorted(map(sorted, topics))

        try:
            await eventually(is_so, seconds)
        except TimeoutError:
            pytest.fail(f"{await self.connections()} and not {topics}")


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser, request) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context()
    if getattr(request, "param", "sharing") == "alone":
        await context.add_init_script("delete globalThis.SharedWorker")
    yield context
    await context.close()


@pytest.fixture
def sharing(context, request) -> bool:
    return "alone" not in request.node.name


everywhere = pytest.mark.parametrize("context", ["sharing", "alone"], indirect=True)


@pytest.fixture
def board() -> str:
    return f"board:{uuid4()}"


@pytest_asyncio.fixture(loop_scope="module")
async def tabs(uvicorn_server: Web, context, board, sharing) -> Tabs:
    return Tabs(context, int(uvicorn_server), board, sharing)


def a_call() -> str:
    return f"call:{uuid4()}"


def delta(text: str) -> Entry:
    """Of no group, so that a page which is drawn now begins behind it."""
    return Entry({"type": "text-delta", "id": "r1", "delta": text})


@asynccontextmanager
async def talking(log: Log, calls: list[str], spoken: dict[str, str]) -> AsyncIterator[None]:
    """These calls say numbers, one every 20 ms each, and pause at times; `spoken` is all that was said."""

    over = asyncio.Event()

    async def talk() -> None:
        number = -1
        while not over.is_set():
            number += 1
            for call in calls:
                await log.append(call, [delta(f"{number} ")])
                spoken[call] = spoken.get(call, "") + f"{number} "
            await asyncio.sleep(0.3 if number % 20 == 19 else 0.02)

    task = asyncio.create_task(talk())
    yield
    over.set()
    await task


async def test_ten_tabs_are_one_connection_and_each_shows_its_own_words(tabs, log, board):
    calls = [a_call() for _ in range(4)]
    spoken: dict[str, str] = {}
    drawn_at = {topic: str(await log.position(topic)) for topic in [*calls, board]}
    async with talking(log, [*calls, board], spoken):
        opened = {}
        for call in [*calls, *calls, "", ""]:
            opened[await tabs.open(call, drawn_at[call or board])] = call or board
        await tabs.until_connections({board, *calls})
    for tab, topic in opened.items():
        seen = await tab.until(lambda seen, topic=topic: len(seen["text"]) >= len(spoken[topic]))
        assert seen["text"] == spoken[topic]
        assert seen["resets"] == 0
        assert set(seen["states"]) <= {"live", "catching"}


@everywhere
async def test_who_comes_later_goes_on_from_where_its_page_was_drawn(tabs, log, board):
    """Again and again, in the middle of words, and without a word lost or twice for anybody."""
    call, other = a_call(), a_call()
    spoken: dict[str, str] = {}
    async with talking(log, [call, other], spoken):
        position, begun = await log.position(call), len(spoken.get(call, ""))
        first = await tabs.open(call, str(position))
        await tabs.open(other)
        comers = []
        for _ in range(6 if tabs.sharing else 3):  # alone, more would wait for a connection for ever
            position, before = await log.position(call), len(spoken[call])
            tab = await tabs.blank()  # a page takes its time
            await tabs.follow(tab, call, str(position))
            comers.append((tab, before))
            await asyncio.sleep(random.uniform(0, 0.2))
        await tabs.until_connections({call, other})
        await asyncio.sleep(0.5)
    end = spoken[call].split()[-1]
    for tab, before in [(first, begun), *comers]:
        seen = await tab.until(lambda seen: seen["text"].split()[-1:] == [end])
        assert seen["resets"] == 0
        told = [int(word) for word in seen["text"].split()]
        assert told == list(range(told[0], int(end) + 1))
        assert 0 <= told[0] - len(spoken[call][:before].split()) <= 1  # one may be said, and not yet counted


@everywhere
async def test_a_call_that_is_gone_ends_for_its_own_tab_and_for_no_other(tabs, log, board):
    kept, gone = a_call(), a_call()
    first = await tabs.open(kept, str(await log.position(kept)))
    second = await tabs.open(gone, str(await log.position(gone)), path=f"/shared/{board}?board=0&call={gone}")
    await tabs.until_connections({kept, gone})
    await log.redis.set(f"gone:{gone}", 1)
    # The next connection, for who comes now, is refused as a whole, and they find out for whom.
    third = await tabs.open("", str(await log.position(board)))
    await tabs.until_connections({kept, board})
    await log.append(kept, [delta("one ")])
    await log.append(board, [delta("all ")])

    if tabs.sharing:
        assert (await second.until(lambda seen: seen["over"]))["over"] == [404]
    assert (await first.until(lambda seen: seen["text"]))["text"] == "one "
    assert (await third.until(lambda seen: seen["text"]))["text"] == "all "
    for tab in (first, third):
        assert (await tab.seen())["over"] == []
        assert (await tab.seen())["resets"] == 0


@everywhere
async def test_a_call_that_ends_leaves_the_others_their_connection(tabs, log, board):
    long, short = a_call(), a_call()
    first, second = [await tabs.open(call, str(await log.position(call))) for call in (long, short)]
    await log.append(long, [delta("one ")])
    await log.append(short, [delta("uno ")])
    await tabs.until_connections({long, short})
    await second.until(lambda seen: "uno" in seen["text"])
    await log.append(short, [turn("c1", "Bye"), FINISH])

    assert (await second.until(lambda seen: seen["over"]))["over"] == ["end"]
    assert (await second.seen())["text"] == "uno Bye"
    await log.append(long, [delta("two ")])
    await tabs.until_connections({long})
    await log.append(long, [delta("three ")])
    assert (await first.until(lambda seen: "three" in seen["text"]))["text"] == "one two three "


@pytest.mark.soak
async def test_a_tab_that_is_closed_crashes_or_hangs_is_forgotten(tabs, log):
    calls = [a_call() for _ in range(4)]
    opened = [await tabs.open(call, str(await log.position(call))) for call in calls]
    await tabs.until_connections(set(calls))
    await opened[3].page.close()
    crashing = await tabs.context.new_cdp_session(opened[2].page)
    crash = asyncio.ensure_future(crashing.send("Page.crash"))
    hanging = await tabs.context.new_cdp_session(opened[1].page)
    await hanging.send("Debugger.enable")
    await hanging.send("Debugger.pause")
    await log.append(calls[1], [delta("one ")])
    await tabs.until_connections({calls[0]}, seconds=60)
    crash.cancel()

    for call in calls[:2]:
        await log.append(call, [delta("two ")])
    assert (await opened[0].until(lambda seen: seen["text"]))["text"] == "two "
    await hanging.send("Debugger.disable")
    assert (await opened[1].until(lambda seen: "two" in seen["text"]))["text"] == "one two "
    await tabs.until_connections(set(calls[:2]))


@everywhere
async def test_a_page_that_was_kept_for_back_is_told_what_it_missed(tabs, log):
    calls = [a_call(), a_call()]
    first, second = [await tabs.open(call, str(await log.position(call))) for call in calls]
    await tabs.until_connections(set(calls))
    await second.page.evaluate(
        "() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))"
    )
    await tabs.until_connections({calls[0]})
    await log.append(calls[1], [delta("one "), delta("two ")])
    await second.page.evaluate(
        "() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
    )

    assert (await second.until(lambda seen: seen["text"]))["text"] == "one two "
    assert (await second.seen())["resets"] == 0
    await tabs.until_connections(set(calls))
    assert (await first.seen())["resets"] == 0


async def test_a_call_whose_log_is_lost_starts_again_alone(tabs, log):
    lost, kept = a_call(), a_call()
    first, second = [await tabs.open(call, str(await log.position(call))) for call in (lost, kept)]
    await tabs.until_connections({lost, kept})
    for call in (lost, kept):
        await log.append(call, [delta("one ")])
    for tab in (first, second):
        await tab.until(lambda seen: seen["text"] == "one ")
    await log.redis.delete(*[key async for key in log.redis.scan_iter(f"*{lost}*")])
    await log.append(lost, [turn("c1", "Anew. ")])
    await log.append(kept, [delta("two ")])

    assert (await first.until(lambda seen: "Anew" in seen["text"]))["resets"] == 1
    await log.append(lost, [delta("three ")])
    assert (await first.until(lambda seen: "three" in seen["text"]))["text"] == "Anew. three "
    assert (await second.until(lambda seen: "two" in seen["text"]))["text"] == "one two "
    assert (await second.seen())["resets"] == 0


async def test_more_calls_than_one_connection_carries_take_another(tabs, log):
    """Opened at once, as when a browser restores its tabs: four times what it has connections for."""
    calls = [a_call() for _ in range(22)]
    spoken: dict[str, str] = {}
    drawn_at = {call: str(await log.position(call)) for call in calls}
    tab = await tabs.blank()
    async with talking(log, calls, spoken):
        for call in calls:
            await tabs.follow(tab, call, drawn_at[call])

        async def is_so() -> bool:
            carried = [len(topics) for topics in await tabs.connections()]
            return len(carried) == 2 and sum(carried) == len(calls) and max(carried) <= 20

        await eventually(is_so, 60)
    everything = sorted(word for text in spoken.values() for word in text.split())
    await tab.until(lambda seen: sorted(seen["text"].split()) == everything)


async def test_a_part_that_a_page_cannot_take_costs_it_no_other(tabs, log):
    """Parts that come together are passed on together, and yet each is its own."""
    call = a_call()
    tab = await tabs.blank()
    errors: list[str] = []
    tab.page.on("pageerror", lambda error: errors.append(str(error)))
    await tab.page.evaluate(
        """async ([url, as]) => {
            const { openStream } = await import("/static/any/streaming/stream.js");
            window.seen = { text: "", states: [] };
            const state = ({ name }) => window.seen.states.push(name);
            const part = ({ data: { text } }) => {
                if (text === "7 ") throw new Error("not this one");
                window.seen.text += text;
            };
            openStream(url, { part, state }, { share: { who: "maya", as } });
        }""",
        [f"/stream?topic={call}", f"/shared/{tabs.board}?board=0&call={call}"],
    )
    await tab.until(lambda seen: "live" in seen["states"])
    await log.append(call, [Entry({"type": "data-note", "data": {"text": f"{n} "}}) for n in range(50)])

    seen = await tab.until(lambda seen: "49 " in seen["text"])

    assert seen["text"].split() == [str(n) for n in range(50) if n != 7]
    assert errors == ["not this one"]


async def test_somebody_else_has_a_connection_of_their_own(tabs, log):
    calls = [a_call(), a_call()]
    await tabs.open(calls[0], str(await log.position(calls[0])), who="maya")
    await tabs.open(calls[0], str(await log.position(calls[0])), who="maya")
    await tabs.open(calls[1], str(await log.position(calls[1])), who="tom")

    await tabs.until_connections({calls[0]}, {calls[1]})


@everywhere
@pytest.mark.processes
async def test_when_the_server_is_killed_all_tabs_go_on_and_each_connection_reports_once(
    context, board, log, sharing
):
    tabs = Tabs(context, own_port(), board, sharing)
    calls = [a_call(), a_call(), a_call()]
    with web("uvicorn", port=tabs.port) as server:
        opened = [await tabs.open(call, str(await log.position(call))) for call in calls]
        await tabs.until_connections(set(calls))
        for call in calls:
            await log.append(call, [delta("one ")])
        for tab in opened:
            await tab.until(lambda seen: seen["text"] == "one ")
        server.process.kill()
    for call in calls:
        await log.append(call, [delta("two "), delta("three ")])
    for tab in opened:
        await tab.until(lambda seen: seen["states"][-1] == "reconnecting")
    with web("uvicorn", port=tabs.port):
        for tab in opened:
            seen = await tab.until(lambda seen: "three" in seen["text"] and seen["states"][-1] == "live")
            assert seen["text"] == "one two three "
            assert seen["resets"] == 0
            assert "catching" in seen["states"]
        await tabs.until_connections(set(calls))
        reporting = [tab for tab in opened if "reconnecting" in (await tab.seen())["reports"]]
    assert len(reporting) == (1 if sharing else len(calls))


async def test_when_the_worker_is_killed_the_tabs_start_another(tabs, log, context):
    calls = [a_call(), a_call()]
    opened = [await tabs.open(call, str(await log.position(call))) for call in calls]
    await tabs.until_connections(set(calls))
    browser = await context.browser.new_browser_cdp_session()
    for target in (await browser.send("Target.getTargets"))["targetInfos"]:
        if target["type"] == "shared_worker":
            await browser.send("Target.closeTarget", {"targetId": target["targetId"]})
    await tabs.until_connections()
    for call in calls:
        await log.append(call, [delta("one ")])

    for tab in opened:
        assert (await tab.until(lambda seen: seen["text"]))["text"] == "one "
    await tabs.until_connections(set(calls))
