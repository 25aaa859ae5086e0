"""The live log: what is happening, in Redis, numbered. Read from any position, completely or not at all.

A topic is a stream of entries with a cap and a time to live, an epoch, the newest whole picture of every
group, and the groups that are open. `lua/` keeps them consistent; everything of one topic has one hash tag,
so the log may be a Redis Cluster. `docs/streaming.md` tells the whole story.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import redis
import redis.cluster
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.retry import Retry

from base import interruptible
from streaming import positions, scripts
from streaming.entries import Entry, Page
from streaming.positions import NOWHERE, Position

__all__ = ["Entry", "Log", "Page", "Position", "forget", "join", "position", "publish", "snapshot"]

logger = logging.getLogger(__name__)

_CLUSTER = "redis+cluster"
# A page or a webhook must not hang on the live view. One more try, since a pooled connection may be stale.
_PATIENCE: dict[str, Any] = {"socket_timeout": 2.0, "socket_connect_timeout": 2.0}
_TRIES = 1
MOST_TOGETHER = 200


def _address(url: str) -> tuple[str, bool, int]:
    """(url for redis-py, whether it is a cluster, database number)."""
    cluster = urlsplit(url).scheme == _CLUSTER
    plain = url.replace(_CLUSTER, "redis", 1) if cluster else url
    database = redis.connection.parse_url(plain).get("db", 0)
    return plain, cluster, int(database)


def _demoted(answer) -> bool:
    """Whether this server leads no more. Its address leads to the one that does, for new connections."""
    return isinstance(answer, ResponseError) and "READONLY" in str(answer)


class Log:
    """The log of one event loop. Every method raises RedisError when Redis cannot be asked."""

    def __init__(self, url: str | None = None) -> None:
        self.url, self.cluster, self.database = _address(url or settings.REDIS_LOG_URL)
        connect = interruptible.connect_to_cluster if self.cluster else interruptible.connect
        self.redis: Any = connect(self.url)
        self._waiting: list[tuple[scripts.Call, asyncio.Future]] = []
        self._asking: asyncio.Task | None = None

    async def close(self) -> None:
        if self._asking:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self.redis.aclose()

    async def run(self, call: scripts.Call):
        """One script's answer. Whoever asks at the same time shares the round trip, however many they are."""
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        self._waiting.append((call, answer))
        if self._asking is None or self._asking.done():
            self._asking = loop.create_task(self._ask(), name="stream log")
        return await answer

    async def _ask(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            try:
                answers = await self.run_all([call for call, _ in together])
            except Exception as error:
                # Whatever it was: those who asked must not wait for ever, nor those who ask next.
                answers = [error] * len(together)
            for (_, waiting), answer in zip(together, answers, strict=True):
                if waiting.done():
                    continue
                if isinstance(answer, Exception):
                    waiting.set_exception(answer)
                else:
                    waiting.set_result(answer)

    async def run_all(self, calls: Sequence[scripts.Call]) -> list:
        """All in one round trip. An answer may be a RedisError; one call's failure is not another's."""
        answers = await self._together([("EVALSHA", script.sha, *args) for script, args in calls])
        unknown = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            # Redis was started again, say, and a thousand streams ask at once: one more round trip for all.
            asked = (calls[index] for index in unknown)
            try:
                again = await self._together([("EVAL", script.source, *args) for script, args in asked])
            except RedisError as error:
                again = [error] * len(unknown)
            for index, answer in zip(unknown, again, strict=True):
                answers[index] = answer
        if not self.cluster and any(map(_demoted, answers)):
            await self.redis.connection_pool.disconnect(inuse_connections=False)
        return answers

    async def _together(self, commands: Sequence[tuple]) -> list:
        pipeline = self.redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        try:
            return await pipeline.execute(raise_on_error=False)
        except RuntimeError as error:
            # uvloop's word for a connection that broke while it lay in the pool.
            raise RedisConnectionError(str(error)) from error

    async def append(self, topic: str, entries: Sequence[Entry]) -> Position:
        """Number, keep and publish. Answers the position after the last of them."""
        call = scripts.append(topic, [scripts.packed(entry) for entry in entries], self.database)
        return scripts.to_appended(await self.run(call))[0]

    async def position(self, topic: str) -> Position:
        """Where a page drawn now begins: before the oldest open group, else the top, or the end."""
        return scripts.to_look(await self.run(scripts.look(topic)))[1]

    async def read(self, topic: str, after: Position, limit: int = 1000) -> Page:
        """What follows `after`, complete or `reset`. Fewer than `limit` entries: there is no more now."""
        return scripts.to_page(await self.run(scripts.read(topic, after, limit)))

    async def snapshot(self, topic: str) -> Page:
        """The topic so far: the newest whole pictures in order, and everything of what is open."""
        return scripts.to_snapshot(await self.run(scripts.snapshot(topic)))

    async def recent(self, topic: str, limit: int) -> Page:
        """The last entries, oldest first."""
        return scripts.to_recent(await self.run(scripts.recent(topic, limit)))


# For views, tasks and services, which run in threads.


@lru_cache(maxsize=4)
def _client(url: str):
    plain, cluster, database = _address(url)
    kind = redis.cluster.RedisCluster if cluster else redis.Redis
    return kind.from_url(plain, **_PATIENCE, retry=Retry(NoBackoff(), _TRIES)), database


def _run(client, call: scripts.Call):
    script, args = call
    try:
        return client.execute_command("EVALSHA", script.sha, *args)
    except NoScriptError:
        return client.execute_command("EVAL", script.source, *args)
    except ResponseError as error:
        if not _demoted(error):
            raise
        client.connection_pool.disconnect(inuse_connections=False)
        return client.execute_command("EVAL", script.source, *args)


def publish(topic: str, entries: Sequence[Entry]) -> Position:
    """Append from a thread. The record counts: a Redis that is away is logged, not raised, and gives
    NOWHERE."""
    try:
        client, database = _client(settings.REDIS_LOG_URL)
        call = scripts.append(topic, [scripts.packed(entry) for entry in entries], database)
        return scripts.to_appended(_run(client, call))[0]
    except RedisError as error:
        logger.warning("could not publish to %s: %s", topic, error)
        return NOWHERE


def position(topic: str) -> Position:
    """Where a page drawn now begins. Ask before reading rows: what changes meanwhile is shown twice, not
    lost.

    With Redis away the answer is NOWHERE, from which a stream begins with a reset.
    """
    try:
        client, _ = _client(settings.REDIS_LOG_URL)
        return scripts.to_look(_run(client, scripts.look(topic)))[1]
    except RedisError as error:
        logger.warning("could not look at %s: %s", topic, error)
        return NOWHERE


def snapshot(topic: str) -> Page | None:
    """What has been told in a topic so far; None with Redis away."""
    try:
        client, _ = _client(settings.REDIS_LOG_URL)
        return scripts.to_snapshot(_run(client, scripts.snapshot(topic)))
    except RedisError as error:
        logger.warning("could not look at %s: %s", topic, error)
        return None


def join(topics: Sequence[str]) -> str:
    """The position of a page that shows several topics, for `?after=`."""
    return positions.join({topic: position(topic) for topic in topics})


def count_between(keys: Sequence[str], least: float) -> int:
    """How many members these sorted sets have from `least` on, all together. Raises RedisError."""
    client, _ = _client(settings.REDIS_LOG_URL)
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        pipeline.zcount(key, least, "+inf")
    return sum(pipeline.execute())


def forget(topic: str) -> None:
    """Have nothing of a topic left, as if Redis had never held it: whoever watches is told `reset`. Raises
    RedisError when Redis cannot be asked."""
    client, _ = _client(settings.REDIS_LOG_URL)
    client.delete(*scripts.keys(topic))
