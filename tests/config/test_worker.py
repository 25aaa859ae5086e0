"""A worker as `up` starts it, with more slow work than it has places for."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.cache import cache

from agents.models import Agent
from agents.services import publish
from base import slow
from calls import tasks as of_calls
from calls.models import Call, SearchText
from config.celery import make_places
from config.env import BASE_DIR
from live.tasks import settle_call
from platforms.models import Connection
from tests.calls.conftest import workspace as workspace
from tests.calls.made import A_SHORT_CALL, make_call
from tests.config.running import wait_for
from tests.live.processes import database_url
from tests.platforms.retell.payloads import ONGOING
from tests.webhooks.told import body_of, kept
from webhooks import tasks as of_webhooks
from webhooks.models import Delivery

PROCESSES, MANY = 3, 12


class Silent:
    """A platform that takes every question and answers none until it is told to; then it knows no call."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answering = threading.Event()

    @contextmanager
    def listening(self) -> Iterator[str]:
        silent = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                silent.asked.append(self.path.rpartition("/")[2])
                silent.answering.wait(60)
                self.send_error(404)

            def log_message(self, *_told) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            self.answering.set()
            server.shutdown()
            server.server_close()


@contextmanager
def a_worker() -> Iterator[None]:
    options = ("--concurrency", str(PROCESSES), "--without-gossip", "--without-mingle")
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "--quiet", "-A", "config", "worker", *options],
        cwd=BASE_DIR,
        env=os.environ | {"DATABASE_URL": database_url()},
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def nobody_is_at_it():
    cache.clear()


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_what_cannot_wait_is_done_while_slow_work_hangs(workspace, nobody_is_at_it):
    silent = Silent()
    with silent.listening() as url:
        connection = Connection.objects.create(
            workspace=workspace,
            platform="retell",
            name="Main",
            base_url=url,
            api_key="key",
            webhook_secret="key",
        )
        agent = Agent.objects.create(workspace=workspace, name="Odell", connection=connection)
        publish(agent, prompt="You answer questions about bills.")
        slow_ones = [make_call(agent, connection=connection, turn_count=0) for _ in range(MANY)]
        for call in slow_ones:
            settle_call.delay(str(call.pk))
        with a_worker():
            wait_for(lambda: len(silent.asked) >= PROCESSES - 1)
            ended = make_call(agent, A_SHORT_CALL)
            kept(connection, body_of("call_started", call=ONGOING))
            of_webhooks.apply_pending.apply_async(expires=None)
            of_calls.catch_up.delay()

            # All that hang one after the other would be three times as long.
            wait_for(lambda: not Delivery.objects.filter(status="pending").exists(), 15)
            wait_for(lambda: SearchText.objects.filter(call=ended).exists(), 15)
            wait_for(lambda: Call.objects.get(pk=ended.pk).embedded_at, 15)
            assert not silent.answering.is_set()

            # Those that found no place have come again.
            silent.answering.set()
            wait_for(lambda: set(silent.asked) == {call.platform_call_id for call in slow_ones})


@pytest.fixture
def places():
    """As in a worker of two processes: one."""

    class Worker:
        concurrency = 2

    make_places(Worker)
    yield
    slow._Places.file.close()
    slow._Places.file = None


# Of the same file: takes its place, says so, and stays until it is killed.
ANOTHER = """
import fcntl, sys, time
fcntl.lockf(int(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0)
print("in it", flush=True)
time.sleep(60)
"""


def test_a_place_is_free_again_once_whoever_was_in_it_is_gone(places):
    file = slow._Places.file.fileno()
    other = subprocess.Popen(
        [sys.executable, "-c", ANOTHER, str(file)], pass_fds=(file,), stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "in it\n"
    with slow.place() as ours:
        assert not ours

    other.kill()
    other.wait(10)

    with slow.place() as ours:
        assert ours


def test_nobody_but_a_worker_has_to_have_a_place():
    with slow.place() as one, slow.place() as two:
        assert one
        assert two
