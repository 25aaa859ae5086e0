"""Answers whose process died: ended once, on record and for all who watch."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.db import DatabaseError, connection
from django.utils import timezone
from redis.exceptions import RedisError

from agents.models import ModelCall
from calls import parts, services
from calls.models import Call
from live import interrupted
from live.watch import Watch
from platforms.events import CallEnded, ToolCalled, TurnSpoken
from streaming.log import Entry, Log
from tests.live.house import told, until
from tests.live.left import began, half_an_answer, kinds, make_call, reread, say


async def test_an_answer_whose_process_died_is_ended_once_for_all_who_watch(begin, watch):
    call = await begin()
    await say(parts.topic(call), *half_an_answer())

    await watch.look()
    await watch.look()

    shown = await told(parts.topic(call))
    error = next(part for part in shown if part["type"] == "data-error")
    assert error["data"]["type"] == "interrupted"
    assert error["data"]["retryable"] is True
    assert kinds(shown).count("data-error") == kinds(shown).count("finish-step") == 1
    row = await sync_to_async((await reread(call)).turns.get)()
    assert (row.key, row.n, row.text, row.error) == ("r1", 3, "Let me see", "interrupted")
    assert (await reread(call)).status == "live"


async def test_many_who_tell_of_it_at_once_tell_it_once(begin):
    call = await begin(began("r1"))
    await say(parts.topic(call), *half_an_answer())
    logs = [Log() for _ in range(4)]

    await asyncio.gather(*(interrupted.tell(log, call) for log in logs))

    for log in logs:
        await log.close()
    shown = await told(parts.topic(call))
    assert kinds(shown).count("data-error") == kinds(shown).count("finish-step") == 1
    assert [row.text async for row in call.turns.all()] == ["Let me see"]
    assert await ModelCall.objects.acount() == 1


async def test_what_is_begun_while_somebody_looks_is_not_taken_for_left(begin, house):
    call, log = await begin(), Log()
    others = []
    record = database_sync_to_async(make_call, thread_sensitive=False)

    async def is_held(call: Call) -> bool:
        """Not yet: somebody holds it right after we asked, and their model begins."""
        others.append(asyncio.create_task(record(house, began("r2"))))
        await asyncio.wait(others, timeout=0.5)
        return False

    assert await interrupted.tell(log, call, is_held) is False

    await asyncio.gather(*others)
    await log.close()
    assert await call.turns.acount() == 0


async def test_a_watch_that_dies_after_writing_it_down_leaves_the_telling_to_another(begin, watch):
    call, log = await begin(), Log()
    await say(parts.topic(call), *half_an_answer())
    await interrupted.end(call, await interrupted.left_open(log, call))
    await log.close()
    before = await told(parts.topic(call))

    await watch.look()
    await watch.look()

    assert "data-error" not in kinds(before)
    assert kinds(await told(parts.topic(call))).count("data-error") == 1


async def test_a_process_that_was_only_slow_does_not_tell_it_again(begin, watch):
    call = await begin()
    await say(parts.topic(call), *half_an_answer())
    await watch.look()
    before = await told(parts.topic(call))
    its_own = {"type": "interrupted", "retryable": True, "trace_id": "0" * 32}
    late = [
        {"type": "text-delta", "id": "r1", "delta": " now"},
        {"type": "data-error", "data": its_own},
        {"type": "finish-step"},
    ]

    await say(parts.topic(call), *(Entry(part, group="r1") for part in late))

    assert await told(parts.topic(call)) == before


@pytest.mark.parametrize("words", [True, False], ids=["in mid-answer", "before its first word"])
async def test_a_model_whose_answer_died_with_its_process_is_on_record(begin, watch, house, words):
    call = await begin(began("r1"))
    await say(parts.topic(call), *half_an_answer()[: None if words else 2])

    await watch.look()
    await watch.look()

    row = await ModelCall.objects.aget()
    assert (row.call_id, row.agent_id, row.model, row.tier) == (call.pk, house.agent.pk, "sim-fast", "fast")
    assert (row.finish, row.error_type, row.estimated) == ("error", "interrupted", True)
    assert row.tokens_out == (3 if words else 0)


async def test_an_attempt_that_was_written_down_in_time_is_not_written_again(begin, watch, house):
    fact = began("r1")
    call = await begin(fact)
    await ModelCall.objects.acreate(
        pk=fact.attempt, workspace=house.workspace, model="sim-fast", finish="stop"
    )
    await say(parts.topic(call), *half_an_answer())

    await watch.look()

    assert (await ModelCall.objects.aget()).finish == "stop"


async def test_an_answer_the_log_has_forgotten_is_told_from_the_record(begin, watch):
    call = await begin(began("r1"))

    await watch.look()
    await watch.look()

    shown = await told(parts.topic(call))
    assert kinds(shown) == ["data-error", "error", "finish-step", "data-turn", "data-call"]
    row = await call.turns.aget()
    assert (row.key, row.n, row.text, row.error, row.model) == ("r1", 3, "", "interrupted", "sim-fast")


async def test_an_answer_on_record_was_not_interrupted_whatever_the_log_has_forgotten(begin, watch):
    spoken = TurnSpoken("r1", timezone.now(), "agent", "There you are.", 4_000, 5_000, n=3)
    call = await begin(began("r1"), spoken)

    await watch.look()

    assert await told(parts.topic(call)) == []
    assert (await call.turns.aget()).error == ""


async def test_who_does_not_lead_waits_a_little_longer(begin, house):
    call = await begin()
    await say(parts.topic(call), *half_an_answer())
    follower = Watch(dead=0, give_up=0)

    await follower.look(leading=False)
    before = await told(parts.topic(call))

    async def has_told():
        await follower.look(leading=False)
        return "data-error" in kinds(await told(parts.topic(call)))

    await until(has_told)
    await follower.close()
    assert "data-error" not in kinds(before)
    assert (await reread(call)).status == "live"  # to end it is for whoever leads


async def test_an_answer_that_had_no_words_yet_leaves_nothing(begin, watch):
    call = await begin()
    await say(parts.topic(call), *half_an_answer()[:2])

    await watch.look()

    shown = await told(parts.topic(call))
    assert shown[-1]["data"]["state"] == "dropped"
    assert (await reread(call)).turn_count == 0


async def test_a_tool_whose_process_died_has_failed(begin, watch):
    began = timezone.now()
    call = await begin(ToolCalled("x2", began, "meter.lookup", {}, 2_000, n=2))

    await watch.look()

    turn = await sync_to_async((await reread(call)).turns.get)()
    assert turn.tool_ok is False


@sync_to_async
def rename(before: str, after: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {before} RENAME TO {after}")


@asynccontextmanager
async def no_facts_taken() -> AsyncIterator[None]:
    await rename("calls_event", "elsewhere")
    try:
        yield
    finally:
        await rename("elsewhere", "calls_event")


async def test_nobody_is_told_of_an_end_that_is_not_on_record(begin):
    call, log = await begin(), Log()
    await say(parts.topic(call), *half_an_answer())
    before = await told(parts.topic(call))

    async with no_facts_taken():
        with pytest.raises(DatabaseError):
            await interrupted.tell(log, call)
    assert await told(parts.topic(call)) == before
    assert await interrupted.tell(log, call) is True
    assert await interrupted.tell(log, call) is False

    await log.close()
    shown = await told(parts.topic(call))
    assert shown[-2]["data"]["text"] == "Let me see"
    assert [turn.text for turn in (await reread(call)).turns.all()] == ["Let me see"]


async def test_what_the_log_could_not_take_is_told_once_it_is_back(begin, house, settings):
    call = await begin()
    await say(parts.topic(call), *half_an_answer())
    here, settings.REDIS_LOG_URL = settings.REDIS_LOG_URL, "redis://127.0.0.1:9/0"
    watch = Watch(dead=0, give_up=3600)
    with pytest.raises(RedisError):
        await watch.look()

    settings.REDIS_LOG_URL = here
    watch._log = Log()
    await watch.look()

    await watch.close()
    assert "data-error" in kinds(await told(parts.topic(call)))


async def test_a_call_nobody_can_read_is_no_harm_to_the_others(begin, house, caplog):
    bad, good = await begin(), await begin(call_id="call_2")
    unreadable = {"type": "data-turn", "id": "r1", "data": {"key": "r1", "role": "agent"}}
    heard = {"type": "text-delta", "id": "r1", "delta": "Let me see"}
    await say(parts.topic(bad), Entry(unreadable, group="r1"), Entry(heard, group="r1"))
    await say(parts.topic(good), *half_an_answer())
    watch = Watch(dead=0, give_up=0)

    await watch.look()
    await watch.close()

    assert "data-error" in kinds(await told(parts.topic(good)))
    assert [(await reread(call)).status for call in (bad, good)] == ["failed", "failed"]
    assert f"call {bad.pk}: tell failed: KeyError" in caplog.text
    assert "Let me see" not in caplog.text


async def test_an_end_that_could_not_be_told_is_told_later(begin, watch, settings):
    call = await begin(CallEnded(timezone.now() - timedelta(seconds=30)))
    here, settings.REDIS_LOG_URL = settings.REDIS_LOG_URL, "redis://127.0.0.1:9/0"
    assert await sync_to_async(services.finish)(call.pk) is True
    settings.REDIS_LOG_URL = here
    a_while_ago = timezone.now() - timedelta(seconds=10)
    await Call.objects.filter(pk=call.pk).aupdate(closed_at=a_while_ago)

    await watch.look()
    await watch.look()

    assert kinds(await told(parts.topic(call))) == ["data-call", "finish"]


async def test_an_end_that_was_told_late_is_told_to_watchers_too(begin, watch):
    """Whoever wrote it down died before telling anybody; and it had ended long before."""
    ended = timezone.now() - timedelta(minutes=30)
    call = await begin(CallEnded(ended), ago=3600)
    await Call.objects.filter(pk=call.pk).aupdate(closed_at=timezone.now() - timedelta(seconds=20))

    await watch.look()
    await watch.look()

    assert kinds(await told(parts.topic(call))) == ["data-call", "finish"]
