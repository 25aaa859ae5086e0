"""The log itself, on real Redis."""

from dataclasses import replace

import pytest

from streaming import log as logs
from streaming.entries import Entry
from streaming.log import Log
from streaming.positions import Position
from tests.streaming.test_consumers import FINISH, turn, words


async def everything(log: Log, topic: str) -> list[bytes]:
    position = await log.position(topic)
    return [entry.data for entry in (await log.read(topic, Position(position.epoch), 10_000)).entries]


async def test_an_untouched_topic_already_has_a_position(log, topic):
    position = await log.position(topic)

    assert position.id == (0, 0)
    assert await log.position(topic) == position
    assert not (await log.read(topic, position)).reset


async def test_what_is_appended_is_read_in_order_after_any_position(log, topic):
    start = await log.position(topic)
    middle = await log.append(topic, [turn("c1", "one")])
    await log.append(topic, words("r2", "two"))

    assert len((await log.read(topic, start)).entries) == 3
    page = await log.read(topic, middle)
    assert [entry.group for entry in page.entries] == ["r2", "r2"]
    assert page.position == (await log.read(topic, page.position)).position
    assert len((await log.read(topic, start, limit=2)).entries) == 2


async def test_a_page_drawn_now_begins_before_the_oldest_open_group(log, topic):
    closed = await log.append(topic, [turn("c1", "one")])
    await log.append(topic, words("r2", "open"))
    await log.append(topic, [turn("c3", "two"), *words("r4", "also open")])

    assert await log.position(topic) == closed
    await log.append(topic, [turn("r2", "closed")])
    assert (await log.position(topic)).id > closed.id
    top = await log.append(topic, [turn("r4", "closed"), Entry({"type": "finish-step"}, group="r4")])
    assert await log.position(topic) == top


async def test_from_threads_too(log, topic):
    assert logs.position(topic) == await log.position(topic)
    published = logs.publish(topic, [turn("c1", "one")])
    assert published == logs.position(topic)
    assert logs.join([topic]).startswith("~")


async def test_it_is_complete_or_says_reset(log, topic, settings):
    settings.STREAM_LOG_LENGTH = 10
    start = await log.position(topic)
    for index in range(30):
        last = await log.append(topic, [turn("c1", f"{index} {n}") for n in range(10)])

    assert (await log.read(topic, start)).reset
    assert not (await log.read(topic, last)).reset
    assert (await log.read(topic, replace(last, epoch="other"))).reset
    assert (await log.read(topic, replace(last, id=(last.id[0] + 1, 0)))).reset


async def test_a_group_whose_beginning_was_trimmed_holds_nobody_back(log, topic, settings):
    settings.STREAM_LOG_LENGTH = 10
    await log.append(topic, words("r1", "never finished"))
    for index in range(30):
        last = await log.append(topic, [turn("c2", f"{index} {n}") for n in range(10)])

    assert await log.position(topic) == last
    assert not (await log.read(topic, await log.position(topic))).reset


async def test_a_snapshot_has_finished_turns_whole_and_open_ones_in_words(log, topic):
    await log.append(
        topic, [turn("c1", "o"), turn("c1", "one"), *words("r2", "a", "b"), turn("card", "x", gone=True)]
    )

    page = await log.snapshot(topic)

    assert [entry.group for entry in page.entries] == ["c1", "r2", "r2", "r2"]
    assert page.position == (await log.recent(topic, 1)).position
    assert not page.ended


async def test_every_cut_of_a_snapshot_continues_exactly(log, topic):
    await log.append(topic, [*words("r1", "a"), turn("c2", "x"), *words("r3", "b"), turn("c2", "xy")])
    await log.append(
        topic, [Entry({"type": "text-delta", "id": "r1", "delta": "c"}, group="r1"), turn("r3", "b!")]
    )
    page = await log.snapshot(topic)

    for cut in range(1, len(page.entries) + 1):
        seen = page.entries[:cut]
        rest = (await log.read(topic, Position(page.position.epoch, seen[-1].id))).entries
        known: dict[str, bytes] = {}
        for entry in [*seen, *rest]:
            known[entry.group] = entry.data if entry.whole else known.get(entry.group, b"") + entry.data
        assert known["r1"].count(b"delta") == 4, cut  # "a" and "c", each with its type
        assert b'"xy"' in known["c2"]
        assert b'"b!"' in known["r3"]


async def test_the_end_is_a_position_of_its_own(log, topic):
    await log.append(topic, [turn("c1", "one"), FINISH])

    assert (await log.position(topic)).end
    page = await log.snapshot(topic)
    assert page.ended
    assert page.entries[-1].data == b'{"type":"finish"}'


async def test_a_batch_that_comes_twice_is_kept_once(log, topic):
    call = logs.scripts.append(topic, [(b"{}", "", "p")], log.database, writer="w", batch=1)

    first, again = await log.run(call), await log.run(call)

    assert (first[2], again[2]) == (b"new", b"known")
    assert await everything(log, topic) == [b"{}"]


async def test_a_writer_that_expects_another_epoch_is_told(log, topic):
    call = logs.scripts.append(topic, [(b"{}", "", "p")], log.database, expected="other")

    assert (await log.run(call))[2] == b"stale"
    assert await everything(log, topic) == []


async def test_all_topics_of_a_tick_take_one_round_trip_and_fail_alone(log, topic):
    await log.append(f"{topic}-bad", [])
    await log.redis.set(f"log:{{{topic}-bad}}:entries", "not a stream")
    calls = [logs.scripts.append(f"{topic}-{n}", [(b"{}", "", "p")], log.database) for n in ("a", "bad", "b")]

    answers = await log.run_all(calls)

    assert [isinstance(answer, Exception) for answer in answers] == [False, True, False]
    await log.redis.delete(f"log:{{{topic}-bad}}:entries")


async def test_everything_of_a_topic_is_forgotten_in_time(log, topic, settings):
    settings.STREAM_LOG_SECONDS = 100
    await log.append(topic, [turn("c1", "one"), *words("r2", "a")])

    for key in ("entries", "meta", "latest", "open"):
        assert 0 < await log.redis.ttl(f"log:{{{topic}}}:{key}") <= 100


@pytest.mark.parametrize("group", ["a\nb"])
async def test_a_group_is_one_line(log, topic, group):
    with pytest.raises(ValueError, match="one line"):
        await log.append(topic, [Entry({}, group=group)])
