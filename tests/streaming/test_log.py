"""The log itself, on real Redis."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

import hypothesis
import pytest
import uvloop
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from redis.exceptions import RedisError

from streaming import log as logs
from streaming import scripts
from streaming.entries import Entry, Item, coalesce
from streaming.log import Log
from streaming.positions import Position
from streaming.recent import Recent
from tests.streaming.relay import Relay
from tests.streaming.running import own_redis
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
        last = await log.append(topic, words(f"r{index}", *"123456789"))

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


async def test_a_request_that_comes_twice_begins_one_epoch(log, topic):
    before = await log.append(topic, [turn("c1", "one")])
    call = scripts.append(topic, [(b"{}", "", "p")], log.database, writer="w", batch=1, renew=True)

    (first, outcome), (again, outcome_again) = [scripts.to_appended(await log.run(call)) for _ in range(2)]

    assert (outcome, outcome_again) == ("new", "known")
    assert first == again
    assert first.epoch != before.epoch
    assert await everything(log, topic) == [b"{}"]


async def test_a_question_that_cannot_be_sent_keeps_nobody_waiting(log, topic):
    async with asyncio.timeout(10):
        answers = await asyncio.gather(log.position("\ud800"), log.position(topic), return_exceptions=True)
        assert any(isinstance(answer, UnicodeEncodeError) for answer in answers)
        assert (await log.position(topic)).id == (0, 0)


def test_a_connection_that_broke_while_it_lay_idle_keeps_nobody_waiting(topic):
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ask_over_what_has_broken(topic))


async def ask_over_what_has_broken(topic: str) -> None:
    with own_redis() as server:
        async with asyncio.timeout(20), Relay(server.dial) as relay:
            log = Log(relay.url)
            before = await log.position(topic)
            await relay.reset(log.redis)
            with suppress(RedisError):
                await log.position(topic)
            assert await log.position(topic) == before
            await log.close()


async def test_what_trails_behind_the_whole_picture_of_a_turn_is_not_kept(log, topic):
    await log.append(topic, [*words("r1", "half"), turn("r1", "half a word"), *words("r1", "too late")])
    await log.append(topic, words("r1", "later still"))
    before = await everything(log, topic)
    await log.append(topic, [turn("r1", "all of it")])

    assert b"late" not in b"".join(before)
    assert [item.data for item in (await log.snapshot(topic)).entries] == [(await everything(log, topic))[-1]]


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


async def test_a_redis_that_has_forgotten_our_scripts_is_told_them_by_all_who_ask_at_once(log, topic):
    await log.redis.script_flush()

    said = await asyncio.gather(*(log.append(topic, [Entry({"n": number})]) for number in range(100)))

    assert sorted({position.id for position in said}) == [position.id for position in said]
    assert await everything(log, topic) == [b'{"n":%d}' % number for number in range(100)]


async def test_everything_of_a_topic_is_forgotten_in_time(log, topic, settings):
    settings.STREAM_LOG_SECONDS = 100
    await log.append(topic, [turn("c1", "one"), turn("c0", "none", gone=True), *words("r2", "a")])

    for key in ("entries", "meta", "latest", "open", "gone"):
        assert 0 < await log.redis.ttl(f"log:{{{topic}}}:{key}") <= 100


@pytest.mark.parametrize("group", ["a\nb"])
async def test_a_group_is_one_line(log, topic, group):
    with pytest.raises(ValueError, match="one line"):
        await log.append(topic, [Entry({}, group=group)])


LARGE = b"x" * 5000  # so that Redis trims every entry by itself
CHANGES = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("wwwwggp")), max_size=40)


# Redis and the event loop outlive one example; names do not.
@hypothesis.settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    changes=CHANGES,
    cap=st.integers(1, 12),
    remembered=st.integers(1, 4),
    limit=st.integers(1, 8),
)
def test_from_any_position_it_tells_what_there_is_now_or_resets(
    changes, cap, remembered, limit, settings, monkeypatch
):
    settings.STREAM_LOG_LENGTH = cap
    monkeypatch.setattr(scripts, "MOST_GONE", remembered)
    asyncio.run(resume_everywhere(f"pictures:{uuid4()}", changes, remembered, limit))


async def resume_everywhere(topic: str, changes, remembered: int, limit: int) -> None:
    log = Log()
    shown: dict[str, str] = {}
    stood = [(await log.position(topic), dict(shown))]
    told = [(group, marks, f"{group}{n} ") for n, (group, marks) in enumerate(changes)]
    calls = [
        scripts.append(topic, [(LARGE + text.encode(), group, marks)], log.database)
        for group, marks, text in told
    ]
    answers = await log.run_all(calls) if calls else []
    pictured: set[str] = set()
    for answer, (group, marks, text) in zip(answers, told, strict=True):
        if marks != "p" or group not in pictured:  # what trails behind a picture is not kept
            show(shown, group, marks, text)
        if marks != "p":
            (pictured.add if marks == "w" else pictured.discard)(group)
        stood.append((scripts.to_appended(answer)[0], dict(shown)))
    page = await log.recent(topic, limit)
    ring = Recent(page.position, page.entries, page.floor)

    for index, (position, known) in enumerate(stood):
        since = await everything_since(log, topic, position, limit)
        later = [marks for _, marks, _ in told[index:]]
        if since is None:
            assert "p" in later or later.count("g") > remembered
        for items in (since, ring.since(position)):
            if items is not None:
                seen = dict(known)
                for item in coalesce(items):
                    show(seen, item.group, item.marks, item.data.removeprefix(LARGE).decode())
                assert seen == shown
    await log.close()


def show(shown: dict[str, str], group: str, marks: str, text: str) -> None:
    if marks == "g":
        shown.pop(group, None)
    else:
        shown[group] = text if marks == "w" else shown.get(group, "") + text


async def everything_since(log: Log, topic: str, position: Position, limit: int) -> list[Item] | None:
    found: list[Item] = []
    while True:
        page = await log.read(topic, position, limit)
        if page.reset:
            return None
        found += page.entries
        position = page.position
        if len(page.entries) < limit:
            return found


async def test_a_board_resumes_from_its_newest_pictures_however_many_there_were(log, topic):
    start = await log.append(
        topic, [turn("card-1", "first"), turn("card-2", "first"), turn("card-3", "stays")]
    )
    for index in range(40):
        for_each = [turn(f"card-{1 + n % 2}", f"{index} {n} {'x' * 500}") for n in range(100)]
        await log.append(topic, for_each)
    await log.append(topic, [turn("card-2", "gone", gone=True)])

    page = await log.read(topic, start)

    assert not page.reset
    assert [(item.group, item.marks) for item in page.entries] == [("card-1", "w"), ("card-2", "g")]
    assert await log.redis.xlen(f"log:{{{topic}}}:entries") < 1000


async def test_a_text_whose_beginning_was_trimmed_is_not_told_from_its_middle(log, topic, settings):
    settings.STREAM_LOG_LENGTH = 10
    await log.append(topic, words("r1", "a beginning"))
    for index in range(30):
        await log.append(topic, [turn("c2", f"{index} {n}") for n in range(10)])
    await log.position(topic)

    await log.append(topic, [Entry({"type": "text-delta", "id": "r1", "delta": "an end"}, group="r1")])

    assert [item.group for item in (await log.snapshot(topic)).entries] == ["c2"]


async def test_so_many_cards_that_went_are_remembered_and_who_missed_more_starts_again(
    log, topic, settings, monkeypatch
):
    settings.STREAM_LOG_LENGTH = 1
    monkeypatch.setattr(scripts, "MOST_GONE", 3)
    # So large that Redis trims every entry by itself.
    before = await log.append(topic, [turn(f"card-{n}", "x" * 5000) for n in range(5)])
    first = await log.append(topic, [turn("card-0", "y" * 5000, gone=True)])
    for n in (1, 2):
        await log.append(topic, [turn(f"card-{n}", "y" * 5000, gone=True)])

    assert [item.group for item in (await log.read(topic, before)).entries] == ["card-0", "card-1", "card-2"]
    await log.append(topic, [turn("card-3", "y" * 5000, gone=True)])
    assert (await log.read(topic, before)).reset
    assert [item.group for item in (await log.read(topic, first)).entries] == ["card-1", "card-2", "card-3"]
    page = await log.recent(topic, 1)
    ring = Recent(page.position, page.entries, page.floor)
    assert ring.since(before) is None
    assert ring.since(first) == page.entries
