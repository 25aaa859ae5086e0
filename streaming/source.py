"""One topic as this process hears it: in order and without holes, or told anew."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from redis.exceptions import RedisError

from streaming import scripts
from streaming.admission import Topic
from streaming.entries import Item, News
from streaming.log import Log
from streaming.positions import UNSEEN, Cursor, Position
from streaming.recent import Doubt, Recent
from streaming.story import Story, whole

logger = logging.getLogger(__name__)

RECENT = 500  # entries read when the topic is first watched
PAGE = 2000
MOST_EARLY = 1000
SNAPSHOT_SECONDS = 10.0  # for the record to tell what it knows of a topic
STORY_SECONDS = 1.0  # a story may serve everyone who asks within this time


class Source:
    """Hears news, mends gaps from the log, and notices when the log has begun a new epoch.

    `changed(source)` when there is something in `pending`; `renewed(source, story)` after a new epoch.
    """

    def __init__(self, name: str, log: Log, changed: Callable, renewed: Callable) -> None:
        self.name = name
        self.channel = scripts.channel(name, log.database).encode()
        self.recent: Recent | None = None
        self.over = False  # its end was heard
        self.pending: list[Item] = []
        self.feeds: set = set()  # (feed, index of this topic in it)
        self.news = asyncio.Event()  # set when there is more; then another takes its place
        self.users = 0
        self.idle_since = 0.0
        self._log, self._changed, self._renewed = log, changed, renewed
        self._early: list[News] = []
        self._whole = asyncio.Event()
        self._mending: asyncio.Task | None = None
        self._story: asyncio.Task | None = None
        self._story_at, self._story_ended = 0.0, False

    async def open(self) -> None:
        """Load what was said last. Raises RedisError."""
        page = await self._log.recent(self.name, RECENT)
        self.recent = Recent(page.position, page.entries, page.floor)
        self.over = any(item.end for item in page.entries)
        self._whole.set()
        self._take_early()

    def close(self) -> None:
        for task in (self._mending, self._story):
            if task:
                task.cancel()

    # Hearing.

    def hear(self, news: News) -> None:
        if not self._whole.is_set():
            self._early.append(news)
            # Old news are in the log; a hole here shows as a gap.
            del self._early[:-MOST_EARLY]
            return
        fresh = self.recent.take(news)
        if isinstance(fresh, Doubt):
            self._early.append(news)
            self.mend()
        elif fresh:
            self._add(fresh)

    def _add(self, fresh: list[Item]) -> None:
        self.over = self.over or any(item.end for item in fresh)
        self.pending += fresh
        self._changed(self)
        self._wake()

    def _wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()

    def look(self, top: Position) -> None:
        """Somebody saw the log's top: are we behind?"""
        missing = not self.over if top.end else top.id > self.recent.last
        if missing or top.epoch != self.recent.epoch or not self.is_whole:
            self.mend()

    def mend(self) -> None:
        if self._mending is None or self._mending.done():
            self._whole.clear()
            self._mending = asyncio.get_running_loop().create_task(self._mend(), name=f"mend {self.name}")

    async def settled(self, seconds: float = 5.0) -> None:
        """Wait until nothing is missing. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            await self._whole.wait()

    @property
    def is_whole(self) -> bool:
        return self._whole.is_set()

    async def _mend(self) -> None:
        try:
            while True:
                page = await self._log.read(self.name, self.recent.position, PAGE)
                if page.reset:
                    await self._renew()
                    break
                fresh = self.recent.take(News(page.position.epoch, self.recent.last, page.entries))
                if fresh:
                    self._add(fresh)  # type: ignore[arg-type]  # read from where we stand: no doubt
                if len(page.entries) < PAGE:
                    break
        except (RedisError, OSError) as error:
            # Not whole any more; the next look tries again.
            logger.warning("%s cannot be read: %s", self.name, error)
            return
        except Exception as error:
            # The record is away, say: likewise. By name only: its errors may quote what somebody said.
            logger.error("%s could not be told anew: %s", self.name, type(error).__name__)
            return
        self._whole.set()
        self._take_early()

    def _take_early(self) -> None:
        early, self._early = self._early, []
        for news in early:
            self.hear(news)

    async def _renew(self) -> None:
        topic = next((feed.topics[index] for feed, index in self.feeds), None)
        self._story = None
        if topic is None:
            # Nobody to tell, and nobody who could say what the record has.
            await self.open()
            self._wake()
            return
        story = replace(await self.story(topic), reset=True)
        self.recent, self.over = Recent(story.position, []), story.ended
        self.pending = []
        self._renewed(self, story)
        self._wake()

    # Telling.

    async def story(self, topic: Topic) -> Story:
        """The topic so far, from the log and the record. One asking serves all who ask at about that time."""
        return replace(await asyncio.shield(self._asked(topic)))

    def _asked(self, topic: Topic) -> asyncio.Task:
        loop = asyncio.get_running_loop()
        old = loop.time() - self._story_at > STORY_SECONDS or (topic.ended and not self._story_ended)
        if self._story is None or _failed(self._story) or old:
            self._story, self._story_at = loop.create_task(self._tell(topic)), loop.time()
            self._story_ended = topic.ended
            self._story.add_done_callback(_failed)  # who asked may have left; it is not news then
        return self._story

    async def _tell(self, topic: Topic) -> Story:
        # The log first, the record second: what changes in between is told twice, not lost.
        page = await self._log.snapshot(self.name)
        async with asyncio.timeout(SNAPSHOT_SECONDS):
            record = await topic.snapshot() if topic.snapshot else None
        return whole(page.position, page.entries, record, ended=page.ended or topic.ended)

    def prepare(self, topic: Topic, cursor: Cursor | None) -> None:
        """Ask for what `since` will need, so that a reader of many topics waits once and not for each."""
        if self._begins_again(topic, self._after(cursor, self.recent.epoch)):
            self._asked(topic)

    async def since(self, topic: Topic, cursor: Cursor | None) -> Story:
        """What a reader must be told; all of it after a reset, if the log cannot continue where it stands."""
        heard = self.recent.epoch
        after = self._after(cursor, heard)
        if not self._begins_again(topic, after):
            if after.end or self.recent.since(after) is not None:
                return Story(after, start=after, ended=after.end)
            return await self.further(topic, Story(after, start=after))
        if after and after.epoch == heard:
            story = await self.further(topic, Story(after, start=after))
            if story.over or story.reset:
                return story  # the log does have the end, only we had not heard of it
        story = await self.story(topic)
        if after is UNSEEN:
            return story
        epoch = story.position.epoch
        after = self._after(cursor, epoch)
        if epoch != heard and after and after.epoch == epoch:
            # Another process has told it of a loss that we have not noticed yet.
            self.look(story.position)
            return await self.further(topic, Story(after, start=after))
        return replace(story, reset=True)

    def _after(self, cursor: Cursor | None, epoch: str) -> Position | None:
        return UNSEEN if cursor is None else cursor.of(self.name, epoch)

    def _begins_again(self, topic: Topic, after: Position | None) -> bool:
        if after is UNSEEN or after is None:
            return True
        if after.end:
            return False
        # If the record says that it is over and the log does not, the log may lack the last words, too.
        return (topic.ended and not self.over) or after.epoch != self.recent.epoch

    async def further(self, topic: Topic, story: Story) -> Story:
        """Bring a story closer to what we hear now."""
        if not self.is_whole:
            await self.settled()
            return story
        page = await self._log.read(self.name, story.position, PAGE)
        self.look(page.position)
        if page.reset:
            if not self.is_whole:
                await self.settled()  # else it is told of the same loss again once we have noticed
            return replace(await self.story(topic), reset=True)
        return replace(story, position=page.position, items=story.items + page.entries)


def _failed(task: asyncio.Task) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
