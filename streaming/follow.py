"""One topic, heard by a coroutine of ours: what browsers get as bytes, as entries."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from redis.exceptions import RedisError

from streaming import hub as hubs
from streaming.admission import Topic
from streaming.entries import Item
from streaming.positions import Position
from streaming.source import PAGE

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """`items` follow on what was heard before; `anew`: they are all there is, whatever was heard before."""

    items: list[Item]
    anew: bool = False


async def follow(topic: str, *, pause: float) -> AsyncGenerator[Heard, None]:
    """The topic so far, as a snapshot, then what follows, in order and without holes. Never ends by itself.

    After `pause` seconds of silence it says that there was nothing. Raises hub.Away if it cannot begin; what
    cannot be read later is waited for.
    """
    hub = hubs.current()
    (source,) = await hub.sources.enter([Topic(topic)])
    at: Position | None = None
    try:
        while True:
            news = source.news  # before we look, so that nothing comes unnoticed in between
            try:
                if at is None:
                    page = await hub.log.snapshot(topic)
                    heard, at = Heard(page.entries, anew=True), page.position
                else:
                    fresh = source.recent.since(at)
                    if fresh is None:
                        page = await hub.log.read(topic, at, PAGE)
                        if page.reset:
                            at = None
                            continue
                        fresh = page.entries
                    if fresh:
                        at = Position(at.epoch, fresh[-1].id)
                    heard = Heard(fresh)
            except (RedisError, OSError) as error:
                logger.warning("%s cannot be read: %s", topic, error)
                heard = Heard([])
            if heard.items or heard.anew:
                yield heard
                continue
            try:
                async with asyncio.timeout(pause):
                    await news.wait()
            except TimeoutError:
                yield Heard([])
    finally:
        hub.sources.release([source])
