"""Slow work that the timetable has done, for every call once."""

from datetime import timedelta

import pytest
from celery.contrib.testing.worker import start_worker
from django.core.cache import cache
from django.utils import timezone

from calls import analysis, tasks
from calls.models import Call, Embedding
from config.celery import TIMETABLE, app
from platforms.events import TurnTakenBack
from tests.calls.made import A_SHORT_CALL, make_call
from tests.config.running import wait_for

LONG_AGO = timezone.now() - timedelta(hours=1)


@pytest.fixture(autouse=True)
def _nothing_remembered():
    cache.clear()


@pytest.mark.django_db(transaction=True)
def test_what_has_ended_is_placed_and_given_to_be_judged_without_anybody_asking(agent):
    call = make_call(agent, A_SHORT_CALL, closed_at=LONG_AGO)

    with start_worker(app, perform_ping_check=False, shutdown_timeout=20):
        tasks.catch_up.delay()
        wait_for(lambda: Call.objects.get().judged_at)

    assert Embedding.objects.filter(call=call).count() == 3
    assert Call.objects.get().embedded_at


def test_one_is_at_it_at_a_time(agent):
    make_call(agent, A_SHORT_CALL)
    cache.add(tasks.BUSY, True, 60)

    tasks._embed()

    assert not Embedding.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_calls_are_read_one_at_a_time(agent, caplog):
    """Whoever finds another at it comes again; what is left in the queue does no harm."""
    call = make_call(agent, A_SHORT_CALL)
    cache.add(tasks.READING, True, 60)

    tasks.judge_call(str(call.pk))
    assert "was not judged" not in caplog.text

    cache.delete(tasks.READING)
    tasks.judge_call(str(call.pk))
    assert "was not judged: ProviderError" in caplog.text
    assert not cache.get(tasks.READING)


def test_what_cannot_be_asked_for_is_asked_for_the_next_time(agent, monkeypatch):
    chat = make_call(agent, A_SHORT_CALL, channel="chat", closed_at=LONG_AGO, embedded_at=LONG_AGO)
    tried = []

    def away(name, *_, **__):
        tried.append(name)
        raise OSError("away")

    monkeypatch.setattr(app, "send_task", away)
    for ask in (tasks.catch_up, tasks.catch_up):
        with pytest.raises(OSError, match="away"):
            ask()

    assert tried == ["calls.tasks.name_chat"] * 2
    assert list(analysis.waiting(10)) == [chat]


def test_a_vendor_that_fails_is_left_alone_for_a_while(agent, settings, caplog):
    settings.EMBEDDINGS, settings.OPENAI_API_KEY = "openai", "sk-test"
    settings.OPENAI_BASE_URL = "http://127.0.0.1:1/v1"
    make_call(agent, A_SHORT_CALL)

    tasks._embed()
    tasks._embed()

    assert caplog.text.count("embeddings rest for 60 s: APIConnectionError") == 1
    assert Call.objects.get().embedded_at is None


def test_what_was_taken_back_is_not_part_of_it(agent):
    call = make_call(agent, A_SHORT_CALL)
    back = TurnTakenBack("c0", call.started_at)
    call.events.create(
        workspace_id=call.workspace_id, key=back.key, turn="c0", kind="TurnTakenBack", source="socket",
        at=back.at, data={},
    )  # fmt: skip

    tasks._embed()

    assert [row.turn.key for row in Embedding.objects.order_by("turn__n")] == ["r0", "r1"]


def test_somebody_looks_often():
    entry = TIMETABLE["catch up on calls"]

    assert entry["task"] == tasks.catch_up.name
    assert entry["options"]["expires"] <= entry["schedule"] <= 15
