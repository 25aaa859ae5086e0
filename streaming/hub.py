"""The hub: one per process. Hears every topic that is watched here and hands each frame to all who watch it.

A frame is encoded once per distinct set of topics (a feed), and stepped into every connection without waking
a task. How a topic stays complete is `source.py`, what is shared is `feed.py`, the clockwork is `keeper.py`.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

from redis.exceptions import RedisError

from streaming import scripts, sse
from streaming.admission import Topic
from streaming.connection import Connection
from streaming.entries import Item
from streaming.feed import Feed, Stand
from streaming.keeper import Keeper
from streaming.listener import Listener
from streaming.log import Log
from streaming.pipes import Chunk
from streaming.positions import UNSEEN, Cursor
from streaming.source import Source
from streaming.story import Story

logger = logging.getLogger(__name__)

# The source coalesces; we wait only for what is due together. After idle, long enough to join a burst.
TICK, SETTLE = 0.004, 0.001
# On a connection with several topics what is due together is joined for a whole tick of the source.
SEVERAL_TICK = 0.016
MOST_ROUNDS = 50
DRAIN_SECONDS = 0.5


class Away(Exception):
    """The log cannot be asked now."""


class Hub:
    def __init__(self, log: Log | None = None) -> None:
        self.log = log or Log()
        self.connections: set[Connection] = set()
        self.sources: dict[str, Source] = {}
        self.healthy = True
        self.draining = False
        self._loop = asyncio.get_running_loop()
        self._by_channel: dict[bytes, Source] = {}
        self._opening: dict[str, asyncio.Task] = {}
        self._feeds: dict[tuple, Feed] = {}
        self._pending: set[Source] = set()
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task] = set()
        self._listener = Listener(self.log.url, self._heard, self._back)
        self._keeper = Keeper(self)

    async def close(self) -> None:
        """Stop everything. Connections are not told; `drain` before."""
        await self._keeper.close()
        await self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for source in self.sources.values():
            source.close()
        await self.log.close()

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """End every stream so that its browser comes back at once, elsewhere; spread over `seconds`."""
        self.draining = True
        leaving = list(self.connections)
        random.shuffle(leaving)
        rest = seconds / max(1, len(leaving))
        for index, connection in enumerate(leaving):
            self.end(connection)
            if index % 20 == 19:
                await asyncio.sleep(rest * 20)

    # Coming and going.

    async def enter(self, topics: Sequence[Topic]) -> list[Source]:
        """Hold these topics, heard from now on. Raises Away. Give them back with `release`."""
        held = []
        try:
            for topic in topics:
                held.append(await self._source(topic.name))
        except (RedisError, OSError) as error:
            self.release(held)
            raise Away(str(error)) from error
        return held

    def release(self, sources: Sequence[Source]) -> None:
        for source in sources:
            source.users -= 1
            source.idle_since = self._loop.time()

    async def join(self, connection: Connection, sources: Sequence[Source], cursor: Cursor | None) -> None:
        """Tell the connection what it has missed, then let it follow. Raises Away."""
        topics = connection.admission.topics
        try:
            stories = await self._stories(topics, sources, cursor)
        except (RedisError, OSError) as error:
            raise Away(str(error)) from error
        # No await from here on: what is told and what follows must meet exactly.
        feed = self._feed(topics, sources)
        feed.push_collected()
        alone = len(topics) == 1
        for topic, source, story in zip(topics, sources, stories, strict=True):
            story.add([] if story.ended else source.recent.since(story.position))
            if alone and topic.ended and not story.over:
                # The record knows that it is over, but nobody said so.
                story.add([Item(source.recent.last, b'{"type":"finish"}', "", "e")])
        standing = [story.start or (story.position if story.silent else None) for story in stories]
        stand = Stand(feed.names, standing)
        chunks = [feed.tell(index, story, stand) for index, story in enumerate(stories)]
        over = alone and stories[0].over
        if over:
            connection.finish(b"".join(chunks))
            return
        connection.follow(feed)
        self.connections.add(connection)
        feed.join(connection)
        self._give(connection, b"".join(chunks))

    def leave(self, connection: Connection) -> None:
        """The browser is gone, or was told goodbye."""
        connection.closed = True
        connection.pipe.close()
        self.connections.discard(connection)
        if connection.feed:
            connection.feed.leave(connection)
            self._drop_if_empty(connection.feed)

    def end(self, connection: Connection, retry: int | None = None) -> None:
        """A planned end: the browser resumes at once and nobody notices."""
        if connection.closed:
            return
        if connection.feed:
            connection.feed.leave(connection)
        self.connections.discard(connection)
        if connection.pipe.holding:
            connection.cut()
        else:
            retry = retry or random.randint(sse.RETRY_AT_ONCE, 2 * sse.RETRY_AT_ONCE)  # noqa: S311
            connection.finish(sse.pulse(retry=retry))

    # Topics.

    async def _source(self, name: str) -> Source:
        source = self.sources.get(name)
        if source is None:
            source = self.sources[name] = Source(name, self.log, self._changed, self._renewed)
            self._by_channel[source.channel] = source
        source.users += 1
        if source.recent is None:
            opening = self._opening.get(name)
            if opening is None:
                opening = self._opening[name] = self._spawn(self._open(source))
            try:
                await asyncio.shield(opening)
            except BaseException:
                source.users -= 1
                raise
        return source

    async def _open(self, source: Source) -> None:
        try:
            # Listen first, then load: what is said in between is heard twice, not lost.
            await self._listener.listen(source.channel)
            await source.open()
        finally:
            self._opening.pop(source.name, None)

    def close_idle(self, seconds: float) -> None:
        now = self._loop.time()
        for name, source in list(self.sources.items()):
            if not source.users and now - source.idle_since > seconds and name not in self._opening:
                del self.sources[name]
                del self._by_channel[source.channel]
                self._listener.forget(source.channel)
                self._pending.discard(source)
                source.close()

    def _feed(self, topics: Sequence[Topic], sources: Sequence[Source]) -> Feed:
        key = tuple((topic.name, tuple(topic.tag.items()), topic.filter) for topic in topics)
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._feeds[key] = Feed(key, topics, [source.recent.position for source in sources])
            for index, source in enumerate(sources):
                source.feeds.add((feed, index))
        return feed

    def _drop_if_empty(self, feed: Feed) -> None:
        if feed.empty and self._feeds.pop(feed.key, None):
            feed.push_collected()
            for index, name in enumerate(feed.names):
                if name in self.sources:
                    self.sources[name].feeds.discard((feed, index))

    async def _stories(self, topics, sources, cursor) -> list[Story]:
        """What each topic has to tell, up to exactly where its source is now."""
        stories = await asyncio.gather(
            *(self._begin(topic, source, cursor) for topic, source in zip(topics, sources, strict=True))
        )
        for _ in range(MOST_ROUNDS):
            late = [
                index
                for index, story in enumerate(stories)
                if not story.ended
                and (not sources[index].is_whole or sources[index].recent.since(story.position) is None)
            ]
            if not late:
                self._flush()
                return stories
            further = await asyncio.gather(*(sources[i].further(topics[i], stories[i]) for i in late))
            for index, story in zip(late, further, strict=True):
                stories[index] = story
        raise Away("the log moves faster than it can be read")

    @staticmethod
    async def _begin(topic: Topic, source: Source, cursor: Cursor | None) -> Story:
        after = UNSEEN if cursor is None else cursor.of(topic.name, source.recent.epoch)
        return await source.since(topic, after)

    # News.

    def _heard(self, channel: bytes, message: bytes) -> None:
        source = self._by_channel.get(channel)
        if source is None:
            return
        try:
            source.hear(scripts.to_news(message))
        except ValueError as error:
            # Not from our script. The look will show if anything is missing.
            logger.warning("unreadable news on %s: %s", channel.decode("ascii", "replace"), error)

    def _back(self) -> None:
        self._spawn(self.look())

    async def look(self) -> None:
        """Compare every topic with the log: a lost doorbell costs one look."""
        sources = [source for source in self.sources.values() if source.recent is not None]
        if not sources:
            return
        try:
            answers = await self.log.run_all([scripts.look(source.name) for source in sources])
        except (RedisError, OSError) as error:
            answers = [error] * len(sources)
        failed = next((answer for answer in answers if isinstance(answer, Exception)), None)
        if failed and self.healthy:
            logger.warning("the live log cannot be asked: %s", failed)
        self.healthy = failed is None
        for source, answer in zip(sources, answers, strict=True):
            if not isinstance(answer, Exception):
                source.look(scripts.to_look(answer)[0])

    def _changed(self, source: Source) -> None:
        self._pending.add(source)
        if self._timer is None:
            now = self._loop.time()
            # A fixed rate while busy, since timers fire late under load; at once after idle.
            self._deadline = now + SETTLE if now - self._deadline > TICK else self._deadline + TICK
            self._timer = self._loop.call_at(self._deadline, self._flush)

    def _flush(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        pending, self._pending = self._pending, set()
        chunks: dict[Feed, list[bytes]] = {}
        over = []
        for source in pending:
            items, source.pending = source.pending, []
            for feed, index in list(source.feeds):
                feed.mark()
                try:
                    frames = feed.frames(index, source.recent.epoch, items)
                except Exception:
                    # A filter that stumbles over a part: these readers come back; the others miss nothing.
                    logger.exception("frames of %s could not be made", source.name)
                    self._send_away(feed)
                    chunks.pop(feed, None)
                    continue
                chunks.setdefault(feed, []).append(frames)
                if feed.alone and any(item.end for item in items):
                    over.append(feed)
        for feed, parts in chunks.items():
            if feed in over:
                self._finish(feed, b"".join(parts))
            elif feed.alone:
                feed.push(b"".join(parts))
            else:
                self._collect(feed, parts)

    def _send_away(self, feed: Feed) -> None:
        for connection in [*feed.flowing, *feed.parked]:
            self.end(connection, retry=sse.RETRY)
        self._drop_if_empty(feed)

    def _collect(self, feed: Feed, parts: list[bytes]) -> None:
        """Tiles of a grid: what comes within a tick leaves in one write; the first after idle at once."""
        now = self._loop.time()
        feed.collected += parts
        if feed.timer is None:
            feed.due = now if now - feed.due > SEVERAL_TICK else feed.due + SEVERAL_TICK
            if feed.due <= now:
                feed.push_collected()
            else:
                feed.timer = self._loop.call_at(feed.due, feed.push_collected)

    def _finish(self, feed: Feed, last: bytes) -> None:
        """The topic is over: its last words, and goodbye. Who is parked reads them when it comes back."""
        flowing, feed.flowing = feed.flowing, set()
        feed.push(last)
        for connection in flowing:
            self.connections.discard(connection)
            connection.finish(last)
        for connection in feed.parked:
            connection.over = True

    def _renewed(self, source: Source, story: Story) -> None:
        self._pending.discard(source)
        for feed, index in list(source.feeds):
            feed.push_collected()
            feed.push(feed.tell(index, story))

    # Slow browsers.

    def _give(self, connection: Connection, chunk: bytes) -> None:
        if chunk and not connection.pipe.write(Chunk(chunk)):
            connection.feed.park(connection)

    def drained(self, connection: Connection) -> None:
        """A parked connection can take more: all it missed in one chunk, or what the log says."""
        feed = connection.feed
        if connection.closed or feed is None or connection not in feed.parked:
            return
        chunk = feed.missed(connection)
        if chunk is None:
            self._spawn(self._rejoin(connection))
        elif connection.over:
            feed.leave(connection)
            self.connections.discard(connection)
            connection.finish(chunk)
        else:
            self._give(connection, chunk)

    async def _rejoin(self, connection: Connection) -> None:
        """It fell behind what is kept here: as if its browser had come back, on the same connection."""
        sources = [self.sources[name] for name in connection.feed.names]
        feed, connection.feed = connection.feed, None
        self._drop_if_empty(feed)
        try:
            await self.join(connection, sources, Cursor.parse(connection.standing))
        except (Away, TimeoutError):
            self.end(connection)
        except Exception:
            logger.exception("a stream that had fallen behind broke")
            self.end(connection)

    def _spawn(self, work) -> asyncio.Task:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def current(make: Callable[[], Hub] = Hub) -> Hub:
    """The hub of this event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = make()
    return _hubs[loop]


async def drain(seconds: float = DRAIN_SECONDS) -> None:
    """For the server's exit signal: every open stream ends so that its browser resumes elsewhere at once."""
    hub = _hubs.get(asyncio.get_running_loop())
    if hub:
        await hub.drain(seconds)
