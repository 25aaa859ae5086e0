"""The topics this process hears: opened with their first reader, closed some time after the last, none of
them with a connection or a task of its own."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence

from redis.exceptions import RedisError

from streaming import scripts
from streaming.admission import Topic
from streaming.listener import Listener
from streaming.log import Log
from streaming.source import Source
from streaming.story import Story

logger = logging.getLogger(__name__)

# A look at a thousand topics at once would hold up the words of all of them for as long as it takes.
LOOK_TOGETHER = 50


class Away(Exception):
    """The log cannot be asked now."""


class Sources:
    """`changed` and `renewed` are called as `Source` says."""

    def __init__(
        self, log: Log, changed: Callable[[Source], None], renewed: Callable[[Source, Story], None]
    ) -> None:
        self.healthy = True
        self._log, self._changed, self._renewed = log, changed, renewed
        self._loop = asyncio.get_running_loop()
        self._by_name: dict[str, Source] = {}
        self._by_channel: dict[bytes, Source] = {}
        self._opening: dict[str, asyncio.Task] = {}
        self._tasks: set[asyncio.Task] = set()
        self._listener = Listener(log.url, self._heard, self._back)

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __getitem__(self, name: str) -> Source:
        return self._by_name[name]

    def get(self, name: str) -> Source | None:
        return self._by_name.get(name)

    async def close(self) -> None:
        await self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for source in self._by_name.values():
            source.close()

    # Coming and going.

    async def enter(self, topics: Sequence[Topic]) -> list[Source]:
        """Hold these topics, heard from now on. Raises Away. Give them back with `release`."""
        held: list[Source] = []
        try:
            for topic in topics:
                held.append(await self._hold(topic.name))
        except (RedisError, OSError) as error:
            self.release(held)
            raise Away(str(error)) from error
        except BaseException:
            self.release(held)
            raise
        return held

    def release(self, sources: Sequence[Source]) -> None:
        for source in sources:
            source.users -= 1
            source.idle_since = self._loop.time()

    def close_idle(self, seconds: float) -> None:
        now = self._loop.time()
        for name, source in list(self._by_name.items()):
            if not source.users and now - source.idle_since > seconds and name not in self._opening:
                del self._by_name[name]
                del self._by_channel[source.channel]
                self._listener.forget(source.channel)
                source.close()

    async def _hold(self, name: str) -> Source:
        source = self._by_name.get(name)
        if source is None:
            source = self._by_name[name] = Source(name, self._log, self._changed, self._renewed)
            self._by_channel[source.channel] = source
        source.users += 1
        if source.recent is None:
            opening = self._opening.get(name)
            if opening is None:
                opening = self._opening[name] = self._spawn(self._open(source))
            try:
                await asyncio.shield(opening)
            except BaseException:
                self.release([source])
                raise
        return source

    async def _open(self, source: Source) -> None:
        try:
            # Listen first, then load: what is said in between is heard twice, not lost.
            await self._listener.listen(source.channel)
            await source.open()
        finally:
            self._opening.pop(source.name, None)

    # Hearing.

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
        sources = [source for source in self._by_name.values() if source.recent is not None]
        failed: Exception | None = None
        for start in range(0, len(sources), LOOK_TOGETHER):
            try:
                failed = await self._look_at(sources[start : start + LOOK_TOGETHER]) or failed
            except (RedisError, OSError) as error:
                failed = error
                break
        if failed and self.healthy:
            logger.warning("the live log cannot be asked: %s", failed)
        if sources:
            self.healthy = failed is None

    async def _look_at(self, sources: Sequence[Source]) -> Exception | None:
        """Answers what went wrong with any of them."""
        failed = None
        answers = await self._log.run_all([scripts.look(source.name) for source in sources])
        for source, answer in zip(sources, answers, strict=True):
            if isinstance(answer, Exception):
                failed = answer
            elif self._by_name.get(source.name) is source:
                source.look(scripts.to_look(answer)[0])
        return failed

    def _spawn(self, work: Coroutine) -> asyncio.Task:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
