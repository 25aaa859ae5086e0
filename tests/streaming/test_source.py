"""One topic as a process hears it, when its record fails."""

import asyncio

import pytest

from streaming import source
from streaming.admission import Topic
from streaming.entries import Entry
from streaming.source import Source


def nobody(*_args) -> None:
    """No feed hears of it."""


@pytest.fixture
async def heard(topic, log):
    source = Source(topic, log, nobody, nobody)
    await source.open()
    yield source
    source.close()


async def test_a_story_that_failed_is_not_told_to_the_next(heard, topic):
    answers = [ValueError("the record is away"), []]

    async def snapshot():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(ValueError, match="away"):
        await heard.story(Topic(topic, snapshot=snapshot))

    assert (await heard.story(Topic(topic, snapshot=snapshot))).record == []


async def test_a_record_that_does_not_answer_is_not_waited_for_for_ever(heard, topic, monkeypatch):
    monkeypatch.setattr(source, "SNAPSHOT_SECONDS", 0.01)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await heard.story(Topic(topic, snapshot=asyncio.Event().wait))


async def test_a_record_that_fails_while_it_mends_is_left_to_the_next_look(heard, topic, log, caplog):
    async def snapshot():
        raise ValueError("what somebody said")

    feed = type("Feed", (), {"topics": [Topic(topic, snapshot=snapshot)]})()
    heard.feeds.add((feed, 0))
    await log.append(topic, [Entry({"type": "x"})])
    await log.redis.flushdb()
    position = await log.append(topic, [Entry({"type": "x"})])

    heard.look(position)
    await asyncio.wait([heard._mending], timeout=5)

    assert not heard.is_whole
    assert f"{topic} could not be told anew: ValueError" in caplog.text
    assert "what somebody said" not in caplog.text
    heard.feeds.clear()
    heard.look(position)
    await heard.settled()
