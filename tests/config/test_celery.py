"""Slow work: where it is asked for, and the trace it carries along."""

import os

import pytest
import redis
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from kombu import Connection

from base import slow
from base.trace import bind_trace, current_trace_id, new_trace
from config.celery import TIMETABLE, app, broker_url
from config.tasks import clear_sessions
from tests.config.running import wait_for


@pytest.mark.parametrize(
    ("redis_url", "broker"),
    [
        ("redis://host:6379/3", "redis://host:6379/3"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3"),
    ],
)
def test_celery_has_its_own_spelling_of_a_unix_socket(redis_url, broker):
    assert broker_url(redis_url) == broker


def test_the_broker_is_the_database_the_settings_name():
    with Connection(broker_url(settings.REDIS_URL)) as connection, connection.SimpleQueue("a test") as queue:
        queue.put({"hello": 1})
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            assert client.llen("a test") == 1
        assert queue.get(timeout=5).payload == {"hello": 1}
        queue.clear()


@app.task(name="tests.tell_trace")
def tell_trace() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.rpush("traces told", current_trace_id())


def test_a_task_belongs_to_the_trace_of_whoever_asked():
    trace_id = new_trace()
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        with start_worker(app, perform_ping_check=False, shutdown_timeout=20), bind_trace(trace_id):
            tell_trace.delay()
            told = wait_for(lambda: client.lrange("traces told", 0, -1))
        client.delete("traces told")

    assert told == [trace_id.encode()]


@app.task(name="tests.slow_work", slow=0.2, expires=1)
def slow_work() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.incr("slow work done")


@pytest.fixture
def taken():
    """The one place there is, held by another process."""
    slow.make_places(2)
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        with slow.place():
            os.write(ready[1], b".")
            os.read(done[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    yield
    os.write(done[1], b".")
    os.waitpid(child, 0)
    for end in (*ready, *done):
        os.close(end)
    slow.make_places(0)


def test_what_found_no_place_waits_no_longer_than_it_was_to(taken):
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        with start_worker(app, perform_ping_check=False, shutdown_timeout=20):
            slow_work.delay()
            tell_trace.apply_async(countdown=2)
            wait_for(lambda: client.lrange("traces told", 0, -1))
            wait_for(lambda: not any((app.control.inspect().scheduled() or {"": "?"}).values()), 10)
        client.delete("traces told")
        assert not client.get("slow work done")


def test_everything_on_the_timetable_exists():
    app.loader.import_default_modules()

    assert {entry["task"] for entry in TIMETABLE.values()} <= set(app.tasks)


@pytest.mark.django_db
def test_expired_sessions_are_dropped():
    Session.objects.create(session_key="old", expire_date=timezone.now() - timezone.timedelta(days=1))
    Session.objects.create(session_key="new", expire_date=timezone.now() + timezone.timedelta(days=1))

    clear_sessions.apply(throw=True)

    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]
