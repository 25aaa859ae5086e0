"""The workers are told, and nobody waits for it."""

import time

import pytest
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from tests.webhooks.posting import posted
from tests.webhooks.told import body_of
from webhooks.doorbell import MOST_WAITING, QUEUE, Doorbell, tell
from webhooks.models import Delivery


@pytest.fixture
def queue():
    redis = Redis.from_url(settings.REDIS_URL)
    redis.delete(QUEUE)
    yield redis
    redis.delete(QUEUE)


def rings(queue: Redis, at_least: int = 1) -> int:
    end = time.monotonic() + 15
    while queue.llen(QUEUE) < at_least and time.monotonic() < end:
        time.sleep(0.02)
    return queue.llen(QUEUE)


def test_it_rings_once_for_all_who_ring_together(queue):
    bell = Doorbell()
    for _ in range(1_000):
        bell.ring()

    assert 1 <= rings(queue) <= 3


def test_it_rings_again_later(queue):
    bell = Doorbell()
    bell.ring()
    assert rings(queue) >= 1
    bell.ring()
    assert rings(queue, at_least=2) >= 2


def test_where_nobody_listens_it_does_not_fill_redis(queue):
    queue.rpush(QUEUE, *["waiting"] * MOST_WAITING)

    assert tell(queue) is False
    assert queue.llen(QUEUE) == MOST_WAITING


@pytest.mark.django_db(transaction=True)
def test_a_delivery_rings_after_its_commit(queue, connection):
    [answer] = posted(connection, body_of("call_started", call={"call_id": "call_1"}))

    assert answer.status == 200
    assert rings(queue) >= 1
    assert Delivery.objects.get().status == "pending"


def test_without_redis_nobody_who_rings_waits(queue, settings):
    settings.REDIS_URL = "unix:///nowhere.sock"
    bell = Doorbell()
    began = time.monotonic()
    for _ in range(100):
        bell.ring()

    assert time.monotonic() - began < 1
    with pytest.raises(RedisError):
        tell(Redis.from_url(settings.REDIS_URL))
    assert queue.llen(QUEUE) == 0
