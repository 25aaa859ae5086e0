"""The workers are told, and nobody waits for it."""

import threading
import time
from collections.abc import Iterator

import pytest
from celery.signals import before_task_publish
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from tests.config.running import wait_for
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


@pytest.fixture
def told() -> Iterator[list[str]]:
    """The tasks handed out from now on, but not by threads that are there already: the bells of other tests
    ring on for a moment."""
    others = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
    tasks: list[str] = []

    def note(sender: str, **_) -> None:
        if threading.get_ident() not in others:
            tasks.append(sender)

    before_task_publish.connect(note)
    yield tasks
    before_task_publish.disconnect(note)


def test_it_rings_once_for_all_who_ring_together(queue, told):
    bell = Doorbell()
    for _ in range(1_000):
        bell.ring()

    wait_for(lambda: told, seconds=15)
    assert 1 <= len(told) <= 3


def test_it_rings_again_later(queue, told):
    bell = Doorbell()
    bell.ring()
    wait_for(lambda: told, seconds=15)
    bell.ring()
    wait_for(lambda: len(told) == 2, seconds=15)


def test_where_nobody_listens_it_does_not_fill_redis(queue):
    queue.rpush(QUEUE, *["waiting"] * MOST_WAITING)

    assert tell(queue) is False
    assert queue.llen(QUEUE) == MOST_WAITING


@pytest.mark.django_db(transaction=True)
def test_a_delivery_rings_after_its_commit(queue, connection):
    [answer] = posted(connection, body_of("call_started", call={"call_id": "call_1"}))

    assert answer.status == 200
    wait_for(lambda: queue.llen(QUEUE), seconds=15)
    assert Delivery.objects.get().status == "pending"


def test_without_redis_nobody_who_rings_waits(told, settings):
    settings.REDIS_URL = "unix:///nowhere.sock"
    bell = Doorbell()
    began = time.monotonic()
    for _ in range(100):
        bell.ring()

    assert time.monotonic() - began < 1
    with pytest.raises(RedisError):
        tell(Redis.from_url(settings.REDIS_URL))
    assert told == []
