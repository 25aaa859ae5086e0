"""What is finished, as a database would have it: in a Redis that nothing here breaks."""

import orjson
from redis.asyncio import BlockingConnectionPool, Redis

from streaming.log import Entry

SECONDS = 3600
_END = "end"


class Record:
    """Of one event loop."""

    def __init__(self, url: str) -> None:
        # A database's pool makes those who ask at once wait for each other, too.
        self._redis = Redis.from_pool(BlockingConnectionPool.from_url(url, max_connections=8, timeout=20))

    async def close(self) -> None:
        await self._redis.aclose()

    async def keep(self, topic: str, part: dict) -> None:
        """The newest picture of a turn or card, by its `id`."""
        await self._write(topic, part["id"], part)

    async def drop(self, topic: str, key: str) -> None:
        await self._redis.hdel(_key(topic), key)

    async def end(self, topic: str) -> None:
        await self._write(topic, _END, {"type": "finish"})

    async def ended(self, topic: str) -> bool:
        return bool(await self._redis.hexists(_key(topic), _END))

    async def entries(self, topic: str) -> list[Entry]:
        """Whole pictures, and the end if there is one."""
        kept = {key.decode(): orjson.loads(part) for key, part in (await self._all(topic)).items()}
        end = kept.pop(_END, None)
        entries = [Entry(part, group=key, whole=True) for key, part in kept.items()]
        return [*entries, Entry(end, end=True)] if end else entries

    async def _all(self, topic: str) -> dict[bytes, bytes]:
        return await self._redis.hgetall(_key(topic))

    async def _write(self, topic: str, key: str, part: dict) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hset(_key(topic), key, orjson.dumps(part))
            pipeline.expire(_key(topic), SECONDS)
            await pipeline.execute()


def _key(topic: str) -> str:
    return f"record:{topic}"
