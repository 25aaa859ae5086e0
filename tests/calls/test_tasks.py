"""Slow work that the timetable has done, for every call once."""

from datetime import timedelta
from itertools import islice

import pytest
from celery.contrib.testing.worker import start_worker
from django.core.cache import cache
from django.utils import timezone

from agents.llm.errors import ProviderError
from base.turns import one_at_a_time
from calls import analysis, embedders, embeddings, tasks
from calls.models import Call, Embedding, SearchText, Turn
from config.celery import TIMETABLE, app
from platforms.events import TurnTakenBack
from tests.calls.made import A_SHORT_CALL, make_call, said
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
    with one_at_a_time(tasks.BUSY, 60):
        tasks._embed()
        assert not Embedding.objects.exists()

    tasks._embed()
    assert Embedding.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_calls_are_read_one_at_a_time(agent, caplog):
    """Whoever finds another at it comes again; what is left in the queue does no harm."""
    call = make_call(agent, A_SHORT_CALL)
    with one_at_a_time(tasks.READING, 60):
        tasks.judge_call(str(call.pk))
    assert "was not judged" not in caplog.text

    tasks.judge_call(str(call.pk))
    assert "was not judged: ProviderError" in caplog.text


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


@pytest.mark.django_db(transaction=True)
def test_without_redis_a_chat_is_not_named_and_nothing_breaks(agent, settings, caplog):
    chat = make_call(agent, A_SHORT_CALL, channel="chat")
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    tasks.name_chat(str(chat.pk))

    assert "was not named: ConnectionError" in caplog.text


def test_a_vendor_that_fails_is_left_alone_for_a_while(agent, settings, caplog):
    settings.EMBEDDINGS, settings.OPENAI_API_KEY = "openai", "sk-test"
    settings.OPENAI_BASE_URL = "http://127.0.0.1:1/v1"
    make_call(agent, A_SHORT_CALL)

    tasks._embed()
    tasks._embed()

    assert caplog.text.count("embeddings rest for 60 s: connection (connection)") == 1
    assert Call.objects.get().embedded_at is None


def test_a_vendor_that_fails_keeps_no_call_from_being_found_by_its_words(agent, settings):
    settings.EMBEDDINGS, settings.OPENAI_API_KEY = "openai", "sk-test"
    settings.OPENAI_BASE_URL = "http://127.0.0.1:1/v1"
    before = make_call(agent, A_SHORT_CALL)  # of some days ago
    calls = [make_call(agent, A_SHORT_CALL, started_at=timezone.now(), ended_at=timezone.now()) for _ in "ab"]

    tasks._embed()
    calls.append(make_call(agent, A_SHORT_CALL, started_at=timezone.now(), ended_at=timezone.now()))
    tasks._embed()  # the vendor rests

    assert set(SearchText.objects.values_list("call", flat=True)) == {before.pk, *(call.pk for call in calls)}
    assert not Embedding.objects.exists()


class Fussy:
    name, provider, prices = "fussy", "nobody", None

    def embed(self, texts):
        if "a poison" in texts:
            raise ProviderError("budget_exceeded", "No.", code="budget_spent")
        if "a bug" in texts:
            raise ValueError("a bug")
        return [[1.0] * 256 for _ in texts], 0


def test_one_call_that_cannot_be_placed_does_not_keep_the_others_waiting(
    agent, settings, monkeypatch, caplog
):
    """Whatever it is: a vendor's refusal, or a fault of ours."""
    calls = [make_call(agent, [said("c0", text, 0, 9)]) for text in ("Hello", "a poison", "a bug", "Bye")]
    monkeypatch.setitem(embedders.KINDS, "fussy", Fussy)
    settings.EMBEDDINGS = "fussy"

    for _ in range(2):
        tasks._embed()

    placed = Embedding.objects.values_list("call", flat=True)
    assert set(placed) == {calls[0].pk, calls[3].pk}
    assert sorted(line for line in caplog.messages if "embedded" in line) == sorted(
        f"call {call.pk} was not embedded: {kind}"
        for call, kind in zip(calls[1:3], ("budget_exceeded (budget_spent)", "ValueError"), strict=True)
    )
    assert "a bug" not in caplog.text
    assert not embeddings.waiting(10)
    later = [call.embed_after - timezone.now() for call in Call.objects.exclude(embed_after=None)]
    assert len(later) == 2
    assert all(timedelta(hours=1) < wait <= timedelta(days=1) for wait in later)


def test_one_call_with_too_many_words_does_not_keep_the_others_waiting(agent, caplog):
    """PostgreSQL says of it what it says of a failure that passes."""
    syllables = [chr(0xAC00 + n) for n in range(300)]
    words = (f"{one}{other}{one}{other}" for one in syllables for other in syllables)
    text = " ".join(islice(words, 80_000))
    now = timezone.now()
    other = make_call(agent, A_SHORT_CALL, started_at=now - timedelta(minutes=1))
    huge = make_call(agent, [said("c0", text, 0, 900)], started_at=now)

    tasks._embed()

    assert list(SearchText.objects.values_list("call_id", flat=True)) == [other.pk]
    assert f"call {huge.pk} cannot be found by its words: OperationalError" in caplog.text
    huge.refresh_from_db()
    assert huge.embed_after > timezone.now()


def test_of_a_long_call_as_much_is_placed_as_there_is_time_for(agent):
    call = make_call(agent)
    rows = [said(f"c{n}", f"word {n}", n, n) | {"n": n} for n in range(1, embeddings.BATCH + 4)]
    Turn.objects.bulk_create(Turn(workspace_id=call.workspace_id, call=call, **row) for row in rows)

    assert embeddings.take_in(call, lambda: False) == embeddings.BATCH
    assert embeddings.waiting(10) == [call]
    assert embeddings.take_in(call) == 3
    assert not embeddings.waiting(10)


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
