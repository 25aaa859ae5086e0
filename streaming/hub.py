"""The hub: one per process. Hears every topic that is watched here and hands each frame to all who watch it.

A frame is encoded once per distinct set of topics (a feed), and stepped into every connection without waking
a task. Which topics are heard is `sources.py`, how one stays complete `source.py`, what is shared `feed.py`,
the clockwork `keeper.py`.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from redis.exceptions import RedisError

from streaming import sse
from streaming.admission import Topic
from streaming.connection import Connection
from streaming.feed import Feed, Stand
from streaming.keeper import Keeper
from streaming.log import Log
from streaming.pipes import Chunk
from streaming.positions import Cursor
from streaming.source import Source
from streaming.sources import Away, Sources
from streaming.story import Story

__all__ = ["Away", "Hub", "current", "drain"]

logger = logging.getLogger(__name__)

# The source coalesces; we wait only for what is due together. After idle, long enough to join a burst.
TICK, SETTLE = 0.004, 0.002
# On a connection with several topics what is due together is joined for a whole tick of the source.
SEVERAL_TICK = 0.016
MOST_ROUNDS = 50
DRAIN_SECONDS = 0.5


class Hub:
    def __init__(self, log: Log | None = None) -> None:
        self.log = log or Log()
        self.connections: set[Connection] = set()
        self.sources = Sources(self.log, self._changed, self._renewed)
        self.draining = False
        self._loop = asyncio.get_running_loop()
        self._feeds: dict[tuple, Feed] = {}
        self._pending: set[Source] = set()
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task] = set()
        self._keeper = Keeper(self)

    async def close(self) -> None:
        """Stop everything. Connections are not told; `drain` before."""
        await self._keeper.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.sources.close()
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

    @property
    def feeds(self) -> list[Feed]:
        return list(self._feeds.values())

    # Coming and going.

    async def join(self, connection: Connection, sources: Sequence[Source], cursor: Cursor | None) -> None:
        """Tell the connection what it has missed, then let it follow. Raises Away."""
        topics = connection.admission.topics
        try:
            stories = await self._stories(topics, sources, cursor)
        except (RedisError, OSError) as error:
            raise Away(str(error)) from error
        if connection.closed:
            return  # meanwhile its browser left, or its time was over
        # No await from here on: what is told and what follows must meet exactly.
        for source, story in zip(sources, stories, strict=True):
            story.add([] if story.ended else source.recent.since(story.position))
        feed = self._feed(topics, sources, stories)
        feed.push_collected()
        try:
            chunk, over = self._told(feed, stories)
            if over:
                self._finish(connection, chunk)
                return
            connection.follow(feed)
            self.connections.add(connection)
            feed.join(connection)
            self._give(connection, chunk)
        finally:
            self._drop_if_empty(feed)
        if self.draining:
            self.end(connection)

    def leave(self, connection: Connection) -> None:
        """The browser is gone, or was told goodbye."""
        connection.closed = True
        connection.pipe.close()
        self._let_go(connection)

    def end(self, connection: Connection, retry: int | None = None) -> None:
        """A planned end: the browser resumes at once and nobody notices."""
        if connection.closed:
            return
        if connection.pipe.holding or connection.pipe.dead:
            self.cut(connection)
            return
        self._let_go(connection)
        retry = retry or random.randint(sse.RETRY_AT_ONCE, 2 * sse.RETRY_AT_ONCE)  # noqa: S311
        self._finish(connection, sse.pulse(retry=retry))

    def cut(self, connection: Connection) -> None:
        """An end without a word: nothing can be said to it any more."""
        self._let_go(connection)
        connection.cut()

    def _finish(self, connection: Connection, last: bytes) -> None:
        connection.finish(last)
        if connection.pipe.holding:
            # Should it never take its last words, the keeper cuts it.
            self.connections.add(connection)
            return
        self.connections.discard(connection)
        if connection.pipe.dead:
            connection.cut()

    def _let_go(self, connection: Connection) -> None:
        self.connections.discard(connection)
        feed, connection.feed = connection.feed, None
        if feed:
            feed.leave(connection)
            self._drop_if_empty(feed)

    # What a reader is told first.

    def _feed(self, topics: Sequence[Topic], sources: Sequence[Source], stories: Sequence[Story]) -> Feed:
        # What is over stays so, whatever the log forgets: those who know hear no more of it.
        key = tuple(
            (topic.name, tuple(topic.tag.items()), topic.filter, story.final)
            for topic, story in zip(topics, stories, strict=True)
        )
        feed = self._feeds.get(key)
        if feed is None:
            standing = [
                replace(source.recent.position, end=story.final)
                for source, story in zip(sources, stories, strict=True)
            ]
            feed = self._feeds[key] = Feed(key, topics, standing)
            for index, (source, story) in enumerate(zip(sources, stories, strict=True)):
                if not story.final:
                    source.feeds.add((feed, index))
        return feed

    def _drop_if_empty(self, feed: Feed) -> None:
        if feed.empty and self._feeds.get(feed.key) is feed:
            del self._feeds[feed.key]
            feed.push_collected()
            for index, name in enumerate(feed.names):
                source = self.sources.get(name)
                if source:
                    source.feeds.discard((feed, index))

    async def _stories(self, topics, sources, cursor) -> list[Story]:
        """What each topic has to tell, up to exactly where its source is now."""
        # A task for each topic of each browser would be megabytes when all of them come back at once.
        told = list(zip(topics, sources, strict=True))
        for topic, source in told:
            source.prepare(topic, cursor)
        stories = [await source.since(topic, cursor) for topic, source in told]
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
    def _told(feed: Feed, stories: Sequence[Story]) -> tuple[bytes, bool]:
        """All that brings a reader up to date with the feed, and whether that is the end of it."""
        standing = [story.start or (story.position if story.silent else None) for story in stories]
        stand = Stand(feed.names, standing)
        chunks = [feed.tell(index, story, stand) for index, story in enumerate(stories)]
        return b"".join(chunks), feed.alone and stories[0].over

    # News.

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
                if feed not in chunks:  # else what the topic before this one says would count as given
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
                if any(item.end for item in items):
                    source.feeds.discard((feed, index))
                    if feed.alone:
                        over.append(feed)
        for feed, parts in chunks.items():
            if feed in over:
                self._end_all(feed, b"".join(parts))
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

    def _end_all(self, feed: Feed, last: bytes) -> None:
        """The topic is over: its last words, and goodbye. Who is parked reads them when it comes back."""
        flowing = feed.dismiss()
        feed.push(last)
        for connection in flowing:
            self._finish(connection, last)
        for connection in feed.parked:
            connection.over = True

    def _renewed(self, source: Source, story: Story) -> None:
        self._pending.discard(source)
        for feed, index in list(source.feeds):
            feed.push_collected()
            try:
                told = feed.tell(index, story)
            except Exception:
                logger.exception("%s could not be told anew", source.name)
                self._send_away(feed)
                continue
            if story.over:
                source.feeds.discard((feed, index))
            if story.over and feed.alone:
                self._end_all(feed, told)
            else:
                feed.push(told)

    # Slow browsers.

    def _give(self, connection: Connection, chunk: bytes) -> None:
        if chunk and not connection.pipe.write(Chunk(chunk)):
            connection.feed.park(connection)

    def full(self, connection: Connection) -> None:
        """What it was given last has filled its transport up."""
        feed = connection.feed
        if feed and feed.flows(connection) and connection.pipe.waits():
            feed.park(connection)

    def drained(self, connection: Connection) -> None:
        """It can take more: all it missed while it was parked, in one chunk, or what the log says."""
        if connection.closed:
            self.connections.discard(connection)  # it has taken its last words
            return
        feed = connection.feed
        if feed is None or connection not in feed.parked:
            return
        chunk = feed.missed(connection)
        if chunk is None:
            self._spawn(self._rejoin(connection))
        elif connection.over:
            feed.leave(connection)
            self._finish(connection, chunk)
        else:
            self._give(connection, chunk)

    async def _rejoin(self, connection: Connection) -> None:
        """It fell behind what is kept here: as if its browser had come back, on the same connection."""
        feed, connection.feed = connection.feed, None
        if feed is None:
            return  # its browser has just left, or its time was over
        sources = [self.sources[name] for name in feed.names]
        self._drop_if_empty(feed)
        try:
            await self.join(connection, sources, Cursor.parse(connection.standing))
        except (Away, TimeoutError):
            self.end(connection)
        except Exception:
            logger.exception("a stream that had fallen behind broke")
            self.end(connection)

    def _spawn(self, work: Coroutine) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


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
