"""Clients of Redis, for an event loop, that give up soon and can be interrupted at any moment.

On Python 3.11 redis-py's own cannot always be: it sends with `asyncio.wait_for`, which swallows a
cancellation that comes in the moment a command is out. An `asyncio.timeout` around a loop that asks Redis
would then never end it, and a task that is cancelled would go on.
"""

import asyncio
from functools import cache
from typing import Any

import redis.asyncio
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

_PATIENCE: dict[str, Any] = {"socket_timeout": 2.0, "socket_connect_timeout": 2.0}
_TRIES = 1  # more: a connection that lay in the pool may have been closed


def connect(url: str, **options: Any) -> redis.asyncio.Redis:
    """To be closed by whoever asked for it; `options` as redis-py has them."""
    client = redis.asyncio.Redis.from_url(url, **_PATIENCE, **options, retry=Retry(NoBackoff(), _TRIES))
    pool: Any = client.connection_pool
    pool.connection_class = _interruptible(pool.connection_class)
    return client


def connect_to_cluster(url: str) -> RedisCluster:
    """The same of a Redis Cluster."""
    client = RedisCluster.from_url(url, **_PATIENCE, retry=Retry(NoBackoff(), _TRIES))
    kinds: Any = client.connection_kwargs
    kinds["connection_class"] = _interruptible(kinds["connection_class"])
    return client


@cache
def _interruptible(kind: type[AbstractConnection]) -> type[AbstractConnection]:
    return type(kind.__name__, (_Interruptible, kind), {})


class _Interruptible(AbstractConnection):
    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        await super().send_packed_command(command, check_health)
        if task and task.cancelling() > before:
            await self.disconnect(nowait=True)  # the answer would be taken for that to the next command
            raise asyncio.CancelledError
