"""Clients that others wrote watch one call of the real server: cut off at random places, sent away by the
server, told to begin again when Redis is emptied, and told to stop."""

import asyncio
import os
import random
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import orjson
import pytest

from streaming.log import Entry, Log
from streaming.positions import NOWHERE
from streaming.writer import Writer
from tests.streaming.client import Call, Event
from tests.streaming.clients import CLIENTS, CURL, Client, Cutter, curl
from tests.streaming.running import eventually, own_redis, web
from tests.streaming.test_consumers import FINISH, turn

pytestmark = pytest.mark.processes
SECONDS = 150  # for one act of the story; a busy machine may take its time
ALPHABET = 'abc äöü 語 🙂 \u2028"\\\r\n'


class Watcher:
    """One client at its own proxy, and all it was told."""

    def __init__(self, client: Client, cutter: Cutter, topic: str) -> None:
        self.client, self.cutter = client, cutter
        self.events: list[tuple[str, str]] = []
        self.before: dict = {}  # what it knew when Redis was emptied
        self.stopped = False
        self.task = asyncio.create_task(client.listen(cutter.base, f"/stream?topic={topic}", self._hear))

    def _hear(self, id: str, data: str) -> None:
        self.events.append((id, data))

    def parts(self) -> Iterator[tuple[str, dict]]:
        return ((id, orjson.loads(data)) for id, data in self.events if data != "[DONE]")

    def ids(self) -> list[str]:
        return [id for id, part in self.parts() if part["type"] != "data-pulse"]

    def call(self) -> Call:
        call = Call()
        for id, data in self.events:
            pulse = '"data-pulse"' in data
            call.take(Event(None if pulse else id, data, None))
        return call

    def was_cut_and_sent_away(self) -> bool:
        """As often as it shall be; one that broke is not waited for."""
        sent_away = any(request.complete for request in self.cutter.requests)
        return self.task.done() or (sent_away and not self.cutter.to_cut)


class Caller:
    """A call that goes on for as long as it must."""

    def __init__(self, writer: Writer, topic: str, chance: random.Random) -> None:
        self.writer, self.topic, self.chance = writer, topic, chance
        self.turns: dict[tuple[str, str], str] = {}
        self._count = 0

    def begin(self) -> str:
        self._count += 1
        key = f"r{self._count}"
        self.turns["", key] = ""
        self.writer.put(self.topic, Entry({"type": "text-start", "id": key}, group=key))
        return key

    async def words(self, key: str) -> None:
        for _ in range(self.chance.randint(3, 12)):
            text = "".join(self.chance.choices(ALPHABET, k=self.chance.randint(1, 8)))
            self.turns["", key] += text
            self.writer.delta(self.topic, key, key, text)
            await asyncio.sleep(self.chance.choice((0.001, 0.02)))

    def finish(self, key: str) -> None:
        self.writer.put(self.topic, turn(key, self.turns["", key]))

    async def until(self, enough) -> None:
        async with asyncio.timeout(SECONDS):
            while not enough():
                key = self.begin()
                await self.words(key)
                self.finish(key)


@dataclass(slots=True)
class Story:
    """What was said before and after Redis was emptied, and who watched."""

    before: dict = field(default_factory=dict)
    after: dict = field(default_factory=dict)
    watchers: dict[str, Watcher] = field(default_factory=dict)


async def told(kind: str) -> Story:
    """A call on this kind of server, watched by every client that is here."""
    topic, chance = "call", random.Random(seed := random.randrange(1 << 32))
    print(f"seed {seed}")
    story = Story()
    async with AsyncExitStack() as stack:
        fragile = stack.enter_context(own_redis())
        port = stack.enter_context(web(kind, REDIS_LOG_URL=fragile.url, STREAM_MAX_SECONDS="1"))
        writer = Writer(Log(fragile.url))
        stack.push_async_callback(writer.close)
        for client in CLIENTS:
            if client.here():
                cutter = await stack.enter_async_context(Cutter(port, random.Random(chance.random())))
                cutter.to_cut = client.cuts
                story.watchers[client.name] = Watcher(client, cutter, topic)
        stack.push_async_callback(leave, story)
        await tell(story, Caller(writer, topic, chance))
    return story


async def tell(story: Story, caller: Caller) -> None:
    writer, watchers = caller.writer, list(story.watchers.values())
    await caller.until(lambda: all(watcher.was_cut_and_sent_away() for watcher in watchers))

    async def all_know() -> bool:
        return all(watcher.call().turns == caller.turns for watcher in watchers)

    # Who does not come to know it fails in a test of its own.
    with suppress(TimeoutError):
        await eventually(all_know, SECONDS)
    story.before = dict(caller.turns)
    for watcher in watchers:
        watcher.before = watcher.call().turns

    # In the middle of an answer, which alone is told again: the record has the rest.
    key = caller.begin()
    await caller.words(key)
    assert await writer.flush()
    await writer.log.redis.flushall()
    story.after = caller.turns = {("", key): caller.turns["", key]}
    for watcher in watchers:
        watcher.cutter.to_cut = 1
    await caller.words(key)
    caller.finish(key)
    await caller.until(lambda: all(watcher.was_cut_and_sent_away() for watcher in watchers))
    writer.put(caller.topic, FINISH)
    await asyncio.wait([watcher.task for watcher in watchers], timeout=SECONDS)


async def leave(story: Story) -> None:
    for watcher in story.watchers.values():
        watcher.stopped = watcher.task.done()
        watcher.task.cancel()
    await asyncio.gather(*(watcher.task for watcher in story.watchers.values()), return_exceptions=True)


@pytest.fixture(scope="module", params=["uvicorn", pytest.param("daphne", marks=pytest.mark.soak)])
def story(request) -> Story:
    return asyncio.run(told(request.param))


def require(client: Client) -> None:
    if not client.here():
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say(f"no {client.name} here")


@pytest.fixture(params=CLIENTS, ids=[client.name for client in CLIENTS])
def watcher(request, story) -> Watcher:
    require(request.param)
    return story.watchers[request.param.name]


def test_it_comes_back_until_it_is_told_to_stop(watcher):
    """After every cut and every planned end; 204 ends it, and nothing was asked after that."""
    assert watcher.stopped
    assert watcher.task.exception() is None
    *streams, last = watcher.cutter.requests
    assert {request.status for request in streams} == {200}
    assert last.status == 204
    assert sum(request.cut for request in streams) == watcher.client.cuts + 1
    assert sum(request.complete for request in streams) >= 2


def test_every_event_comes_once(watcher):
    ids = [id for id in watcher.ids() if id != str(NOWHERE)]

    assert len(ids) == len(set(ids))
    assert [data for _, data in watcher.events][-1] == "[DONE]"
    assert sum(data == "[DONE]" for _, data in watcher.events) == 1


def test_it_asks_for_what_follows_the_last_event_it_was_told(watcher):
    asked = [request.last_event_id for request in watcher.cutter.requests]
    ids = watcher.ids()

    # In the order in which they came: whatever it was told after that, it was told once.
    place = 0
    while asked[0] is None:
        asked = asked[1:]
    for id in asked:
        place = ids.index(id, place)
    assert asked[-1] == ids[-1]
    assert ids[-1].endswith("-end")


def test_a_pulse_does_not_move_it(watcher):
    """It has no id. Browsers then tell the last one, npm's `eventsource` none."""
    last = ""
    for id, part in watcher.parts():
        if part["type"] == "data-pulse":
            assert id in (last, "")
        else:
            last = id


def test_its_text_is_what_was_said(watcher, story):
    assert watcher.before == story.before
    assert watcher.call().turns == story.after


def test_an_emptied_redis_tells_it_to_begin_again(watcher):
    resets = [part for _, part in watcher.parts() if part["type"] == "data-reset"]

    # Once more if it was cut off in the middle of beginning again.
    assert 1 <= len(resets) <= 2
    assert all(part["data"] == {} for part in resets)


async def test_curl_shows_the_bytes_of_the_contract(server, topic, log):
    require(CURL)
    address = f"http://127.0.0.1:{int(server)}/stream?topic={topic}"
    async with asyncio.timeout(30), curl("-i", address) as process:
        head = (await process.stdout.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        first = await process.stdout.readuntil(b"\n\n")
        said = []
        # Each is here before the next is said: nothing on the way waits for more.
        for word in ("Good ", "morning"):
            part = {"type": "text-delta", "id": "r1", "delta": word}
            position = await log.append(topic, [Entry(part, group="r1")])
            said.append((position, part, await event_of(process.stdout)))
        end = await log.append(topic, [FINISH])
        rest = await process.stdout.read()
        assert await process.wait() == 0
    async with asyncio.timeout(30), curl("-i", "-H", f"Last-Event-ID: {end.epoch}-end", address) as process:
        again = await process.stdout.read()

    assert head[0] == "http/1.1 200 ok"
    assert "content-type: text/event-stream; charset=utf-8" in head
    assert "cache-control: no-cache, no-transform" in head
    assert "x-accel-buffering: no" in head
    assert re.fullmatch(rb'retry: 1000\ndata: {"type":"data-pulse","data":{"at":"[^"]+Z"}}\n\n', first)
    for position, part, event in said:
        assert event == b"id: %b\ndata: %b\n\n" % (str(position).encode(), orjson.dumps(part))
    finish = f'id: {end.epoch}-end\ndata: {{"type":"finish"}}\n\ndata: [DONE]\n\n'
    assert rest.decode().endswith(finish)
    assert again.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert again.endswith(b"\r\n\r\n")


async def event_of(stream: asyncio.StreamReader) -> bytes:
    """The next that is not a pulse."""
    while (event := await stream.readuntil(b"\n\n")).startswith(b"data: "):
        assert b'"type":"data-pulse"' in event
    return event
