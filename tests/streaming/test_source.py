"""One topic as a process hears it, when its record fails."""

import asyncio

import pytest

from streaming import source
from streaming.admission import Topic
from streaming.entries import Entry, coalesce
from streaming.positions import Cursor
from streaming.recent import Recent
from streaming.source import Source
from tests.streaming.test_consumers import turn, words

WHOLE = Entry({"type": "data-turn", "id": "r1"}, group="r1", whole=True)
END = Entry({"type": "finish"}, end=True)


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


async def test_what_was_lost_while_nobody_watched_is_told_from_the_record(heard, topic, log):
    async def snapshot():
        return [Entry({"type": "data-turn", "id": "c1"}, group="c1", whole=True)]

    await log.append(topic, [Entry({"type": "x"})])
    await log.redis.flushdb()

    heard.look(await log.position(topic))
    await heard.settled()

    story = await heard.story(Topic(topic, snapshot=snapshot))
    assert [item.group for item in story.record] == ["c1"]


async def test_who_comes_back_once_the_record_is_over_is_not_told_its_end_without_the_last_words(
    heard, topic, log
):
    async def snapshot():
        return [WHOLE, END]

    position = await log.append(topic, [Entry({"type": "text-delta"}, group="r1")])
    heard.look(position)
    await heard.settled()

    story = await heard.since(Topic(topic, snapshot=snapshot, ended=True), Cursor(one=position))

    assert story.reset
    assert [item.group for item in story.record] == ["r1"]
    assert story.over


async def test_who_comes_back_to_a_call_whose_end_the_log_knows_is_told_no_more_than_that(heard, topic, log):
    position = await log.append(topic, [Entry({"type": "text-delta"}, group="r1")])
    heard.look(await log.append(topic, [WHOLE]))
    await log.append(topic, [END])
    heard.mend()
    await heard.settled()

    story = await heard.since(Topic(topic, ended=True), Cursor(one=position))

    assert not story.reset
    assert story.start == position


async def test_who_was_told_of_a_loss_before_we_noticed_is_not_told_again(heard, topic, log):
    heard.look(await log.append(topic, [Entry({"type": "text-delta"}, group="r1")]))
    await heard.settled()
    await log.redis.flushdb()
    first = await log.append(topic, [Entry({"type": "text-delta"}, group="r1")])
    await log.append(topic, [WHOLE])

    story = await heard.since(Topic(topic), Cursor(one=first))
    while heard.recent.since(story.position) is None:
        story = await heard.further(Topic(topic), story)

    assert not story.reset
    assert story.start == first


async def test_who_stands_far_behind_is_told_of_a_loss_once_though_nobody_has_noticed_it(heard, topic, log):
    behind = await log.append(topic, [Entry({"type": "text-delta"}, group="r1")])
    heard.recent = Recent(await log.append(topic, [WHOLE]), [])
    await heard.story(Topic(topic))  # which serves whoever asks within a second
    await log.redis.flushdb()
    await log.append(topic, [WHOLE])

    story = await heard.since(Topic(topic), Cursor(one=behind))

    assert story.reset
    assert story.position.epoch == heard.recent.epoch == (await log.position(topic)).epoch


async def test_an_end_whose_news_were_lost_is_found_by_the_next_look(heard, topic, log):
    await log.append(topic, [WHOLE, END])

    heard.look(await log.position(topic))
    await heard.settled()

    assert [item.marks for item in heard.pending] == ["w", "e"]


async def test_a_long_call_is_told_with_one_event_a_turn_wherever_the_log_was_cut(
    heard, topic, log, settings
):
    settings.STREAM_LOG_LENGTH = 400
    for n in range(60):
        await log.append(topic, [*words(f"r{n}", *"abcdefgh"), turn(f"r{n}", f"said {n}")])
    await log.append(topic, words("r60", "still ", "speaking"))

    async def snapshot():
        return [turn(f"r{n}", f"said {n}") for n in range(60)]

    story = await heard.story(Topic(topic, snapshot=snapshot))
    await log.append(topic, [Entry({"type": "text-delta", "id": "r60", "delta": " on"}, group="r60")])
    told = coalesce((await heard.further(Topic(topic), story)).items)

    assert await log.redis.xlen(f"log:{{{topic}}}:entries") < 60 * 10
    assert story.record == []
    assert [item.group for item in told if item.whole] == [f"r{n}" for n in range(60)]
    assert [item.data for item in told if not item.whole] == [
        b'{"type":"text-start","id":"r60"}',
        b'{"type":"text-delta","id":"r60","delta":"still speaking on"}',
    ]


async def test_what_the_log_has_lost_the_record_tells_and_nothing_twice(heard, topic, log):
    await log.append(topic, [turn("c1", "before"), turn("r2", "before")])
    await log.redis.delete(f"log:{{{topic}}}:meta")
    # In the record already, and about to be said; and said, but not yet in the record.
    await log.append(topic, [*words("r4", "An ans"), turn("c5", "after")])

    async def snapshot():
        return [turn(key, f"{key} in the record") for key in ("c1", "r2", "c3", "r4")]

    story = await heard.story(Topic(topic, snapshot=snapshot))

    assert [item.group for item in story.record] == ["c1", "r2", "c3"]
    assert [(item.group, item.whole) for item in coalesce(story.items)] == [
        ("r4", False),
        ("r4", False),
        ("c5", True),
    ]


async def test_who_comes_back_before_we_heard_of_the_end_reads_it_from_the_log(heard, topic, log):
    position = await log.append(topic, [Entry({"type": "text-delta"}, group="r1")])
    heard.look(position)
    await heard.settled()
    await log.append(topic, [WHOLE, END])

    story = await heard.since(Topic(topic, ended=True), Cursor(one=position))

    assert not story.reset
    assert [item.marks for item in story.items] == ["w", "e"]
