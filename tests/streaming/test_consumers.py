"""Streams as clients see them, over real sockets, on uvicorn and on daphne."""

import asyncio

import orjson
import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import OperationalError

from streaming import hub as hubs
from streaming.log import Entry
from streaming.positions import join
from tests.streaming.app import AnyStream
from tests.streaming.client import Call, Stream

SECONDS = {"seconds": 10}


def turn(key: str, text: str, **more) -> Entry:
    return Entry({"type": "data-turn", "id": key, "data": {"text": text}}, group=key, whole=True, **more)


def words(key: str, *texts: str) -> list[Entry]:
    start = Entry({"type": "text-start", "id": key}, group=key)
    return [start, *(Entry({"type": "text-delta", "id": key, "delta": text}, group=key) for text in texts)]


FINISH = Entry({"type": "finish"}, end=True)


def says(kind: str, text: str = ""):
    def enough(event) -> bool:
        return f'"type":"{kind}"' in event.data and text in event.data

    return enough


def without_pulses(events) -> list:
    return [event for event in events if event.data == "[DONE]" or event.part["type"] != "data-pulse"]


async def test_it_answers_with_the_headers_of_the_contract(server, topic):
    async with Stream(server, topic=topic) as stream:
        first = await stream.next()

    assert stream.status == 200
    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert stream.headers["cache-control"] == "no-cache, no-transform"
    assert stream.headers["x-accel-buffering"] == "no"
    assert len(stream.headers["x-trace-id"]) == 32
    assert (first.part["type"], first.id, first.retry) == ("data-pulse", None, 1000)


async def test_it_tells_what_happens_as_it_happens(server, topic, log):
    async with Stream(server, topic=topic) as stream:
        await stream.next()
        await log.append(topic, words("r1", "Good ", "morning"))
        events = without_pulses(await stream.until(says("text-delta", "morning")))

    assert events[0].part["type"] == "text-start"
    assert "".join(event.part.get("delta", "") for event in events) == "Good morning"
    assert all(event.id for event in events)


async def test_a_reader_without_a_position_gets_finished_turns_whole_and_the_open_one_in_words(
    server, topic, log
):
    await log.append(
        topic, [turn("c1", "I"), turn("c1", "I need"), turn("c1", "I need help"), *words("r2", "Yes")]
    )
    await log.append(topic, [turn("r2", "Yes?"), *words("r4", "How ", "can I")])

    async with Stream(server, topic=topic) as stream:
        events = without_pulses(await stream.until(says("text-delta")))

    assert [(event.part["type"], event.part["id"]) for event in events] == [
        ("data-turn", "c1"),
        ("data-turn", "r2"),
        ("text-start", "r4"),
        ("text-delta", "r4"),
    ]
    assert events[0].part["data"]["text"] == "I need help"
    assert events[-1].part["delta"] == "How can I"


async def test_it_resumes_exactly_after_the_position_of_any_event(server, topic, log):
    await log.append(topic, [turn("c1", "Hello"), *words("r2", "a", "b", "c", "d"), turn("c3", "Wait")])
    everything = (
        await log.read(topic, (await log.read(topic, await beginning(log, topic))).position)
    ).entries
    entries = (await log.read(topic, await beginning(log, topic))).entries
    assert everything == []

    for index, entry in enumerate(entries):
        epoch = (await log.position(topic)).epoch
        after = f"{epoch}-{entry.id[0]}-{entry.id[1]}"
        await log.append(topic, [turn("mark", f"mark {index}")])
        async with Stream(server, last_event_id=after, topic=topic) as stream:
            events = without_pulses(await stream.until(says("data-turn", f"mark {index}")))
        told = "".join(event.part.get("delta", "") for event in events)
        assert told == "abcd"[max(0, index - 1) :], index
        assert not any(event.part["type"] == "data-reset" for event in events)


async def beginning(log, topic):
    position = await log.position(topic)
    return type(position)(position.epoch)


async def test_the_header_wins_over_the_address(server, topic, log):
    first = await log.append(topic, [turn("c1", "first")])
    second = await log.append(topic, [turn("c2", "second")])
    await log.append(topic, [turn("c3", "third")])

    async with Stream(server, last_event_id=str(second), topic=topic, after=str(first)) as stream:
        events = without_pulses(await stream.until(says("data-turn", "third")))

    assert [event.part["id"] for event in events] == ["c3"]


@pytest.mark.parametrize("after", ["junk", "~~~", "1-2-3-4", "a" * 3000, "é", "x-1-", "~zz.abc", "%00"])
async def test_a_made_up_position_is_a_400_and_a_made_up_header_a_reset(server, topic, after):
    async with Stream(server, topic=topic, after=after) as stream:
        assert stream.status == 400
        error = orjson.loads(await stream.body())["error"]
    assert error["code"] == "bad_position"
    assert error["trace_id"] == stream.headers["x-trace-id"]

    if after.isascii() and len(after) < 1000:
        async with Stream(server, last_event_id=after, topic=topic) as stream:
            events = without_pulses(await stream.until(says("data-reset")))
        assert events[0].part == {"type": "data-reset", "data": {}}


async def test_a_position_from_another_epoch_resets_and_then_tells_everything(server, topic, log):
    await log.append(topic, [turn("c1", "Hello")])

    async with Stream(server, last_event_id="abc-1000-0", topic=topic) as stream:
        events = without_pulses(await stream.until(says("data-turn")))

    assert [event.part["type"] for event in events] == ["data-reset", "data-turn"]


async def test_a_finished_call_ends_with_done_and_is_not_told_again(server, topic, log):
    await log.append(topic, [turn("c1", "Bye")])
    async with Stream(server, topic=topic) as stream:
        await stream.until(says("data-turn", "Bye"))
        await log.append(topic, [FINISH])
        live = without_pulses(await stream.rest())
    async with Stream(server, topic=topic) as stream:
        again = without_pulses(await stream.rest())
    async with Stream(server, last_event_id=live[0].id, topic=topic) as stream:
        nothing = await stream.body()

    assert [event.data for event in live] == ['{"type":"finish"}', "[DONE]"]
    assert live[0].id.endswith("-end")
    assert [event.data for event in again][-2:] == ['{"type":"finish"}', "[DONE]"]
    assert again[0].part["data"]["text"] == "Bye"
    assert (stream.status, nothing) == (204, b"")


async def test_a_call_whose_log_has_expired_is_told_from_the_record(server, topic):
    told = orjson.dumps(
        [{"type": "data-turn", "id": "c1", "data": {"text": "Bye"}}, {"type": "finish"}]
    ).decode()

    async with Stream(server, topic=topic, record=told, ended=1) as stream:
        events = without_pulses(await stream.rest())
    async with Stream(server, last_event_id="old-77-0", topic=topic, record=told, ended=1) as stream:
        after = without_pulses(await stream.rest())
    async with Stream(server, last_event_id="old-end", topic=topic, record=told, ended=1) as stream:
        assert stream.status == 204

    assert [event.data for event in events][1:] == ['{"type":"finish"}', "[DONE]"]
    assert events[1].id.endswith("-end")
    assert [event.part["type"] for event in after[:-1]] == ["data-reset", "data-turn", "finish"]


async def test_the_record_and_the_log_are_told_as_one(server, topic, log):
    await log.append(topic, [turn("c3", "newer"), *words("r4", "and on")])
    told = orjson.dumps(
        [
            {"type": "data-turn", "id": "c1", "data": {"text": "older"}},
            {"type": "data-turn", "id": "c3", "data": {"text": "stale"}},
        ]
    ).decode()

    async with Stream(server, topic=topic, record=told) as stream:
        events = without_pulses(await stream.until(says("text-delta")))
        cut = events[0].id
        await log.append(topic, [turn("c5", "live")])
        live = without_pulses(await stream.until(says("data-turn", "live")))

    assert [event.part.get("data", {}).get("text") for event in events[:2]] == ["older", "newer"]
    assert len(live) == 1
    # Cut off before all of the record was told, nothing can be continued: it begins again.
    async with Stream(server, last_event_id=cut, topic=topic, record=told) as stream:
        assert without_pulses(await stream.until(says("data-reset")))


async def test_several_topics_share_one_connection_and_one_position(server, topic, log):
    names = [f"{topic}-{n}" for n in range(21)]
    for name in names[:10]:
        await log.append(name, words("r1", f"{name} "))
    reader = Call()
    async with Stream(server, topic=names, tagged=1) as stream:
        while len(reader.turns) < 10 or not all(reader.turns.values()):
            reader.take(await stream.next())
    for name in names:
        await log.append(name, words("r2", "away"))
    async with Stream(server, last_event_id=reader.position, topic=names, tagged=1) as stream:
        while sum(text == "away" for text in reader.turns.values()) < 21:
            reader.take(await stream.next())
        await log.append(names[3], words("r3", "live"))
        await log.append(names[20], words("r3", "live"))
        while sum(text == "live" for text in reader.turns.values()) < 2:
            reader.take(await stream.next())

    assert reader.resets == 0
    assert reader.events == 10 * 2 + 21 * 2 + 2 * 2
    assert reader.turns[names[0], "r1"] == f"{names[0]} "
    assert len(reader.position) < 450


async def test_a_page_of_several_topics_resumes_from_the_position_it_was_drawn_at(server, topic, log):
    names = [f"{topic}-{n}" for n in range(3)]
    await log.append(names[0], [turn("c1", "on the page")])
    drawn_at = join({name: await log.position(name) for name in names})
    await log.append(names[1], [turn("c1", "since")])

    async with Stream(server, topic=names, tagged=1, after=drawn_at) as stream:
        events = without_pulses(await stream.until(says("data-turn")))

    assert [event.part["data"]["text"] for event in events] == ["since"]
    assert events[0].part["call"] == names[1]


async def test_one_of_several_topics_may_end_and_the_others_go_on(server, topic, log):
    names = [f"{topic}-a", f"{topic}-b"]
    for name in names:
        await log.append(name, [turn("c1", "begun")])
    async with Stream(server, topic=names, tagged=1) as stream:
        await stream.until(says("data-turn", names[1]))
        await log.append(names[0], [FINISH])
        ended = (await stream.until(says("finish")))[-1]
        await log.append(names[1], [turn("c2", "goes on")])
        await stream.until(says("data-turn", "goes on"))
    async with Stream(server, last_event_id=ended.id, topic=names, tagged=1) as stream:
        events = without_pulses(await stream.until(says("data-turn", "goes on")))

    assert [event.part["type"] for event in events] == ["data-turn"]


async def test_it_filters_for_those_who_may_see_no_words(server, topic, log):
    async with Stream(server, topic=topic, wordless=1) as stream:
        await stream.next()
        await log.append(topic, [*words("r1", "secret"), turn("r1", "shown")])
        events = without_pulses(await stream.until(says("data-turn")))

    # Who comes a moment later is told the whole turn, without how it began.
    assert [kind for event in events if (kind := event.part["type"]) != "text-start"] == ["data-turn"]


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE"])
async def test_other_methods_are_refused(server, topic, method):
    async with Stream(server, method=method, topic=topic) as stream:
        assert stream.status == 405
        assert stream.headers["allow"] == "get"


async def test_a_refusal_has_the_one_error_shape(server):
    async with Stream(server, nothing=1) as stream:
        error = orjson.loads(await stream.body())["error"]

    assert stream.status == 404
    assert error == {
        "code": "not_found",
        "message": "There is no such call.",
        "trace_id": stream.headers["x-trace-id"],
    }


async def test_lost_permission_ends_the_stream_within_fifteen_seconds(server, topic, log):
    async with Stream(server, topic=topic, badge=topic) as stream, Stream(server, topic=topic) as other:
        await stream.next()
        await other.next()
        await log.redis.set(f"lost:{topic}", 1, ex=60)
        last = (await stream.rest(15))[-1]
        await log.append(topic, [turn("c1", "still here")])
        await other.until(says("data-turn", "still here"))

    assert 50 <= last.retry <= 100


async def test_many_browsers_get_the_same_words(server, topic, log):
    async with asyncio.timeout(20):
        streams = [Stream(server, topic=topic) for _ in range(50)]
        for stream in streams:
            await stream.__aenter__()
            await stream.next()
        for index in range(20):
            await log.append(topic, words(f"r{index}", "x" * index, "y"))
        told = [without_pulses(await stream.until(says("text-start", '"r19"'))) for stream in streams]
        for stream in streams:
            await stream.__aexit__()

    assert all([event.id for event in events] == [event.id for event in told[0]] for events in told)


class Unasked(AnyStream):
    async def admit(self) -> None:
        raise OperationalError("the database is away")


async def test_with_the_database_away_it_says_come_back_soon():
    scope = {"type": "http", "method": "GET", "path": "/stream", "query_string": b"", "headers": []}
    browser = ApplicationCommunicator(Unasked.as_asgi(), scope)
    try:
        await browser.send_input({"type": "http.request"})
        answer = await browser.receive_output()
    finally:
        await hubs.current().close()

    assert answer["status"] == 503
    assert (b"retry-after", b"2") in answer["headers"]


async def test_a_process_that_goes_away_keeps_no_connection_to_come_back_on(topic):
    """It may take a while to go: whoever came back to it would be sent on ten times a second."""
    query = f"topic={topic}".encode()
    scope = {"type": "http", "method": "GET", "path": "/stream", "query_string": query, "headers": []}
    browser = ApplicationCommunicator(AnyStream.as_asgi(), scope)
    hub = hubs.current()
    try:
        await hub.drain()
        await browser.send_input({"type": "http.request"})
        answer = await browser.receive_output()
        said = await browser.receive_output()
    finally:
        await hub.close()

    assert answer["status"] == 200
    assert (b"connection", b"close") in answer["headers"]
    assert said["body"].startswith(b"retry: 50\n")


async def test_a_stream_whose_record_cannot_be_read_leaves_nothing_behind(topic, log):
    query = f"topic={topic}&person={topic}&record=[{{}}]".encode()
    scope = {"type": "http", "method": "GET", "path": "/stream", "query_string": query, "headers": []}
    browser = ApplicationCommunicator(AnyStream.as_asgi(), scope)
    hub = hubs.current()

    await browser.send_input({"type": "http.request"})
    try:
        with pytest.raises(KeyError):
            await browser.wait()

        assert hub.sources[topic].users == 0
        assert await log.redis.zcard(f"streams:{{{topic}}}") == 0
    finally:
        await hub.close()
