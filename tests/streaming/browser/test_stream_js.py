"""stream.js: its pure parts, and how it behaves in Chromium against a real server, under a strict policy."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Browser, Page, Route

from bench.ports import own_port
from streaming.log import Entry
from streaming.positions import Cursor, join
from tests.streaming.running import web
from tests.streaming.test_consumers import FINISH, turn, words
from tests.streaming.test_positions import POSITIONS

pytestmark = pytest.mark.asyncio(loop_scope="module")
MODULES = Path(__file__).parents[3] / "streaming/static/streaming"
LISTEN = """async ([url, share]) => {
    const { openStream } = await import("/static/any/streaming/stream.js");
    const seen = { parts: [], states: [], resets: 0, over: [] };
    window.seen = seen;
    window.stream = openStream(url, {
        part: (part, { id, bulk }) => seen.parts.push({ ...part, bulk, id }),
        state: (state) => seen.states.push(state),
        reset: () => seen.resets++,
        end: () => seen.over.push("end"),
        signIn: () => seen.over.push("signIn"),
        refused: (status) => seen.over.push(status),
    }, { share: share && { who: "maya" } });
}"""
everywhere = pytest.mark.parametrize("share", [False, True], ids=["own", "shared"])


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, uvicorn_server) -> AsyncIterator[Page]:
    page = await browser.new_page()
    await page.goto(f"http://127.0.0.1:{int(uvicorn_server)}/page")
    yield page
    await page.context.close()


async def until(page: Page, condition: str, seconds: float = 20) -> None:
    # Not wait_for_function: the page's policy forbids what it does.
    async with asyncio.timeout(seconds):
        while not await page.evaluate(f"() => {condition}"):  # noqa: ASYNC110 - the page has no event for us
            await asyncio.sleep(0.1)


async def seen(page: Page) -> dict:
    return await page.evaluate("() => window.seen")


@pytest.mark.browser
@everywhere
async def test_it_hands_on_every_part_once_and_says_it_is_live(page, share, topic, log):
    await page.evaluate(LISTEN, [f"/stream?topic={topic}", share])
    await log.append(topic, words("r1", "Good ", "morning"))
    await until(page, "seen.parts.some((part) => part.delta?.includes('morning'))")
    await until(page, "seen.states.at(-1)?.lag !== null")
    told = await seen(page)

    assert "".join(part.get("delta", "") for part in told["parts"]) == "Good morning"
    assert told["states"][-1]["name"] == "live"
    assert told["states"][-1]["lag"] >= 0
    assert told["resets"] == 0


@pytest.mark.browser
@everywhere
async def test_it_stops_when_the_call_is_over(page, share, topic, log):
    await page.evaluate(LISTEN, [f"/stream?topic={topic}", share])
    await log.append(topic, [turn("c1", "Bye"), FINISH])
    await until(page, "seen.over.length")
    position = await page.evaluate("() => stream.position")
    await page.evaluate(LISTEN, [f"/stream?topic={topic}&after={position}", share])
    await until(page, "seen.over.length")

    assert position.endswith("-end")
    assert (await seen(page))["over"] == ["end"]
    assert (await seen(page))["parts"] == []


@pytest.mark.browser
@everywhere
async def test_it_gives_up_where_nothing_will_come(page, share):
    await page.evaluate(LISTEN, ["/stream?nothing=1", share])
    await until(page, "seen.over.length")

    assert (await seen(page))["over"] == [404]


@pytest.mark.browser
@everywhere
async def test_a_reset_is_told_before_everything_comes_again(page, share, topic, log):
    await log.append(topic, [turn("c1", "Hello")])
    await page.evaluate(LISTEN, [f"/stream?topic={topic}&after=abc-1-0", share])
    await until(page, "seen.parts.length")
    told = await seen(page)

    assert told["resets"] == 1
    assert told["parts"][0]["bulk"]


@pytest.mark.browser
@pytest.mark.processes
async def test_it_comes_back_by_itself_when_the_server_was_gone(page, topic, log):
    """Killed, away for a while, then answering 503, then well: no word lost, none twice."""
    port = own_port()
    with on_port(port):
        await page.goto(f"http://127.0.0.1:{port}/page")
        await page.evaluate(LISTEN, [f"/stream?topic={topic}", False])
        await log.append(topic, words("r1", "one "))
        await until(page, "seen.parts.length === 2")
    await until(page, "seen.states.at(-1).name === 'reconnecting'")
    parts = [{"type": "text-delta", "id": "r1", "delta": text} for text in ("two ", "three ")]
    await log.append(topic, [Entry(part, group="r1") for part in parts])
    refusing = await asyncio.start_server(refuse, "127.0.0.1", port)
    await until(page, "seen.states.at(-1).tries > 2", 30)
    refusing.close()
    with on_port(port):
        await until(page, "seen.parts.some((part) => part.delta?.includes('three'))", 40)
        await until(page, "seen.states.at(-1).name === 'live'")
        told = await seen(page)

    assert "".join(part.get("delta", "") for part in told["parts"]) == "one two three "
    assert told["resets"] == 0
    assert "catching" in [state["name"] for state in told["states"]]
    assert told["parts"][-1]["bulk"]


@pytest.mark.browser
@pytest.mark.processes
async def test_it_does_not_storm_a_server_that_said_goodbye_and_stayed_away(page, topic):
    port = own_port()
    knocks = 0

    async def hang_up(reader, writer) -> None:
        nonlocal knocks
        knocks += 1
        writer.close()

    with on_port(port):
        await page.goto(f"http://127.0.0.1:{port}/page")
        await page.evaluate(LISTEN, [f"/stream?topic={topic}", False])
        await until(page, "seen.states.at(-1)?.name === 'live'")
    async with await asyncio.start_server(hang_up, "127.0.0.1", port):
        await until(page, "seen.states.at(-1).tries >= 6", 30)

    # Chromium itself knocks twice where it is hung up on. Left to itself it came twenty times a second.
    assert knocks <= 16


async def slowly(route: Route) -> None:
    """A connection that takes longer to open than there is between two looks of `stream.js`."""
    if route.request.resource_type == "eventsource":
        await asyncio.sleep(2.5)
    await route.continue_()


@pytest.mark.browser
@pytest.mark.processes
@everywhere
async def test_it_notices_a_connection_that_died_in_silence(page, share, topic, log):
    with web("uvicorn") as port:
        await page.goto(f"http://127.0.0.1:{int(port)}/page")
        await page.evaluate(LISTEN, [f"/stream?topic={topic}", share])
        await log.append(topic, [turn("c1", "Hello")])
        await until(page, "seen.parts.length === 1")
        port.send(signal.SIGSTOP)
        await until(page, "seen.states.at(-1).name === 'reconnecting'")
        await until(page, "seen.states.some((state) => state.name === 'stale')", 25)
        await page.route("**/stream*", slowly)
        port.send(signal.SIGCONT)
        await log.append(topic, [turn("c2", "Back")])
        await until(page, "seen.parts.length === 2", 30)
        await until(page, "seen.states.at(-1).name === 'live'")


@pytest.mark.browser
@everywhere
async def test_a_planned_end_goes_unnoticed(page, share, topic, log):
    with web("uvicorn", STREAM_MAX_SECONDS="1") as port:
        await page.goto(f"http://127.0.0.1:{int(port)}/page")
        await page.evaluate(LISTEN, [f"/stream?topic={topic}", share])
        for index in range(30):
            await log.append(topic, [turn("c1", str(index))])
            await asyncio.sleep(0.1)  # three lives of the stream
        await until(page, "seen.parts.at(-1)?.data.text === '29'")
        told = await seen(page)

    texts = [int(part["data"]["text"]) for part in told["parts"]]
    assert texts == sorted(set(texts))
    assert {state["name"] for state in told["states"]} <= {"live", "catching"}


def on_port(port: int):
    return web("uvicorn", port=port)


async def refuse(reader, writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    writer.close()


async def ask_node(expression: str):
    node = shutil.which("node")
    if not node:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say("no Node here")
    script = f"""
        import {{ readFileSync }} from "node:fs";
        globalThis.location = {{ href: "https://earshot.example/calls/1" }};
        // As a data: URL, which is a module whatever the folder says.
        const source = (name) => encodeURIComponent(readFileSync("{MODULES}/" + name));
        const module = (name) => import("data:text/javascript," + source(name));
        const {{ pauseBefore, Lag }} = await module("line.js");
        const positions = await module("positions.js");
        const {{ resumeAt, isRepeat, isSamePlace, isEnd, ownPosition, commonPosition }} = positions;
        console.log(JSON.stringify({expression}));
    """
    process = await asyncio.create_subprocess_exec(
        node, "--input-type=module", "--no-warnings", "-e", script, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    return json.loads(out)


async def test_pauses_double_with_chance_in_them_and_have_a_limit():
    pauses = await ask_node("[1, 2, 3, 20].map((n) => [pauseBefore(n, () => 0), pauseBefore(n, () => 1)])")

    assert pauses == [[250, 500], [500, 1000], [1000, 2000], [15000, 30000]]


async def test_the_position_replaces_the_one_in_the_address():
    found = await ask_node('resumeAt("/live/stream?call=1&call=2&after=old", "~1a.b,c!")')

    assert found == "https://earshot.example/live/stream?call=1&call=2&after=%7E1a.b%2Cc%21"


async def test_one_connection_goes_on_for_several():
    found = await ask_node(
        'resumeAt("/live/stream?call=1&after=old", ["a-5-1", null, "~0.keykey6!", "a-5-1"])'
    )

    assert found == "https://earshot.example/live/stream?call=1&after=a-5-1&after=%7E0.keykey6%21"


@given(st.lists(POSITIONS, min_size=2, max_size=21))
@settings(max_examples=5, deadline=None)
async def test_each_topic_has_a_position_of_its_own_in_a_common_one(places):
    """What it says in JavaScript is what it says in Python."""
    known = {f"topic {n}": position for n, position in enumerate(places)}
    own, common, same = await ask_node(f"""((id, places) => {{
        const own = places.map((place, n) => ownPosition(id, n));
        const same = own.map((one, n) => [isSamePlace(one, places[n]), isEnd(one), isEnd(places[n])]);
        return [own, commonPosition(own), same];
    }})({json.dumps(join(known))}, {json.dumps([*map(str, places)])})""")

    for (topic, position), text, (is_same, *ended) in zip(known.items(), own, same, strict=True):
        assert Cursor.parse(text).of(topic, position.epoch) == position
        assert Cursor.parse(common).of(topic, position.epoch) == position
        assert ended == [position.end, position.end]
        assert is_same == (not position.end and position.id[0] > 0)


async def test_no_place_is_the_same_as_a_place_before_everything():
    pairs = [
        ("0-0-0", "0-0-0"),
        ("a-0-0", "b-0-0"),
        ("a-5-1", "a-5-2"),
        ("a-5-1", "~1.keykey5,1"),
        (None, None),
    ]
    found = await ask_node(f"{json.dumps(pairs)}.map(([a, b]) => isSamePlace(a, b))")

    assert found == [False, False, False, True, False]
    assert await ask_node('isSamePlace("a-0-0", "a-0-0")')


async def test_a_repeat_is_known_by_its_number():
    pairs = [
        ("a-5-1", "a-5-1", True),
        ("a-5-1", "a-5-0", True),
        ("a-5-1", "a-4-9", True),
        ("a-5-1", "a-5-2", False),
        ("a-5-1", "a-6-0", False),
        ("a-5-1", "b-4-0", False),
        ("a-5-1", "a-end", False),
        ("0-0-0", "0-0-0", False),
        ("~1.a", "~1.a", False),
        ("~0.keykey6,1", "~0.keykey6,1", True),
        ("~0.keykey6,1", "~0.keykey7", False),
        ("~0.keykey6,1", "~0.keykek5", False),
        ("~0.keykey0", "~0.keykey0", False),
        (None, "a-5-1", False),
    ]
    found = await ask_node(f"{json.dumps([pair[:2] for pair in pairs])}.map(([a, b]) => isRepeat(a, b))")

    assert found == [repeat for _, _, repeat in pairs]


async def test_lag_is_what_is_above_the_fastest_pulse():
    found = await ask_node(
        "(() => { const lag = new Lag(); const none = lag.value;"
        " return [none, lag.take(0, 4030), lag.take(100, 4180), lag.take(200, 4230), lag.take(NaN, 1)]; })()"
    )

    assert found == [None, 0, 50, 0, 0]
