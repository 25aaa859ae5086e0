"""What goes wrong: Redis emptied, restarted, away or slow; browsers that do not read; servers that leave."""

import asyncio
import signal
import socket
import time
from itertools import pairwise

import pytest
import redis.asyncio

from streaming import log as logs
from streaming.log import Entry, Log
from streaming.positions import NOWHERE
from streaming.writer import Writer
from tests.streaming.client import PATIENCE_S, Call, Event, Stream
from tests.streaming.running import own_redis, web
from tests.streaming.test_consumers import says, turn, without_pulses, words

pytestmark = pytest.mark.processes


@pytest.fixture(params=["uvicorn", "daphne"])
def kind(request) -> str:
    return request.param


@pytest.fixture
def fragile():
    """A Redis of our own."""
    with own_redis() as server:
        yield server


async def say(writer: Writer, topic: str, key: str, count: int, pause: float = 0.004) -> str:
    """An answer, word by word; its words."""
    writer.put(topic, Entry({"type": "text-start", "id": key}, group=key))
    said = ""
    for index in range(count):
        said += f"{key}.{index} "
        writer.delta(topic, key, key, f"{key}.{index} ")
        await asyncio.sleep(pause)
    writer.put(topic, Entry({"type": "text-end", "id": key}, group=key))
    return said


async def read_until(stream: Stream, call: Call, enough, seconds: float = PATIENCE_S) -> None:
    async with asyncio.timeout(seconds):
        while not enough(call):
            event = await stream.next(seconds)
            assert event is not None
            call.take(event)


async def test_an_emptied_redis_is_one_reset_and_the_open_turn_is_told_again(fragile, topic, kind):
    with web(kind, REDIS_LOG_URL=fragile.url) as port:
        writer, call = Writer(Log(fragile.url)), Call()
        async with Stream(port, topic=topic) as stream:
            saying = asyncio.create_task(say(writer, topic, "r1", 150))
            await read_until(stream, call, lambda call: len(call.turns.get(("", "r1"), "")) > 200)
            await writer.log.redis.flushall()
            said = await saying
            await read_until(stream, call, lambda call: call.turns.get(("", "r1")) == said)
            writer.put(topic, turn("mark", "live again"))
            await read_until(stream, call, lambda call: ("", "mark") in call.turns)
        await writer.close()

    assert call.resets == 1
    assert call.turns["", "r1"] == said


async def test_a_restarted_redis_that_kept_its_data_is_one_reset(topic):
    with own_redis(durable=True) as fragile, web("uvicorn", REDIS_LOG_URL=fragile.url) as port:
        writer, call = Writer(Log(fragile.url)), Call()
        writer.put(topic, turn("c1", "before"))
        async with Stream(port, topic=topic) as stream:
            await read_until(stream, call, lambda call: ("", "c1") in call.turns)
            saying = asyncio.create_task(say(writer, topic, "r2", 300))
            await read_until(stream, call, lambda call: len(call.turns.get(("", "r2"), "")) > 100)
            fragile.kill()
            await asyncio.sleep(0.3)
            assert not writer.healthy
            fragile.start()
            said = await saying
            await read_until(stream, call, lambda call: call.turns.get(("", "r2")) == said)
            assert writer.healthy
        await writer.close()

    assert call.resets == 1


async def test_a_silent_topic_resets_too_when_redis_is_emptied(fragile, topic):
    with web("uvicorn", REDIS_LOG_URL=fragile.url) as port:
        client = redis.asyncio.Redis.from_url(fragile.url)
        async with Stream(port, topic=topic) as stream:
            await stream.next()
            await stream.next()  # the first was its greeting; this one says that it follows the topic
            await client.flushall()
            events = without_pulses(await stream.until(says("data-reset")))
        await client.aclose()

    assert len(events) == 1


async def test_lost_news_cost_one_look(fragile, topic):
    with web("uvicorn", REDIS_LOG_URL=fragile.url) as port:
        log, call = Log(fragile.url), Call()
        async with Stream(port, topic=topic) as stream:
            await stream.next()
            # Appended without being published: as if the connection had dropped the message.
            deaf = Log(fragile.url)
            deaf.database = 99
            await deaf.append(topic, words("r1", "unheard "))
            await read_until(stream, call, lambda call: call.turns.get(("", "r1")) == "unheard ")
            await deaf.append(topic, [Entry({"type": "text-delta", "id": "r1", "delta": "gap "}, group="r1")])
            await log.append(topic, [Entry({"type": "text-delta", "id": "r1", "delta": "heard"}, group="r1")])
            await read_until(stream, call, lambda call: call.turns.get(("", "r1"), "").endswith("heard"))
        await deaf.close()
        await log.close()

    assert call.turns["", "r1"] == "unheard gap heard"
    assert call.resets == 0


async def test_a_slow_redis_merges_more_and_loses_nothing(fragile, topic, log):
    writer = Writer(Log(fragile.url))
    await say(writer, topic, "r0", 1)
    await writer.flush()
    fragile.pause()
    said = await say(writer, topic, "r1", 100)
    fragile.resume()
    assert await writer.flush()
    page = await writer.log.snapshot(topic)
    await writer.close()

    deltas = [entry for entry in page.entries if entry.group == "r1" and b"text-delta" in entry.data]
    call = Call()
    for entry in page.entries:
        call.take(Event("0-0-0", entry.data.decode(), None))
    assert call.turns["", "r1"] == said
    # What was on its way when Redis stopped, and all that was said since.
    assert len(deltas) <= 2


async def test_with_redis_away_pages_and_services_go_on(topic, settings, caplog):
    settings.REDIS_LOG_URL = "unix:///nowhere/redis.sock"

    assert logs.position(topic) == NOWHERE
    assert logs.publish(topic, [turn("c1", "said")]) == NOWHERE
    assert "could not" in caplog.text


async def test_with_redis_away_a_stream_answers_503_and_open_ones_say_so(fragile, topic):
    with web("uvicorn", REDIS_LOG_URL=fragile.url) as port:
        async with Stream(port, topic=topic) as stream:
            log = Log(fragile.url)
            await log.append(topic, [turn("c1", "before")])
            await stream.until(says("data-turn", "before"))
            fragile.kill()
            await stream.until(lambda event: event.data.endswith('"log":"away"}}'))
            async with Stream(port, topic=f"{topic}-other") as refused:
                assert (refused.status, refused.headers["retry-after"]) == (503, "2")
            fragile.start()
            await stream.until(says("data-reset"))
            await log.append(topic, [turn("c1", "back")])
            await stream.until(says("data-turn", "back"))
            await log.close()


async def test_a_browser_that_never_reads_holds_little_and_costs_the_others_nothing(kind, topic, log):
    with web(kind, app="tests.streaming.lean") as port:
        stuck = [await a_client_that_never_reads(port, topic) for _ in range(5)]
        async with Stream(port, topic=topic) as stream:
            await stream.next()
            before = port.memory_kb()
            text = "x" * 60_000
            for index in range(500):  # thirty megabytes for each
                await log.append(topic, [turn("c1", f"{index} {text}")])
                await stream.until(says("data-turn", f'"{index} '))
            grown = port.memory_kb() - before
            # Those in a hurry to leave are noticed although they never read.
            for client in stuck:
                client.close()

    assert grown < 5 * 4096


async def test_a_second_request_behind_a_stream_and_a_vanished_browser_hurt_nobody(kind, topic, log):
    person = f"person-{topic}"
    with web(kind) as port:
        async with Stream(port, topic=topic) as other:
            await other.next()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            ask = f"GET /stream?topic={topic}&person={person} HTTP/1.1\r\nHost: a\r\n\r\n"
            writer.write(ask.encode() * 2)
            await reader.readuntil(b"data-pulse")
            writer.transport.abort()
            async with asyncio.timeout(20):
                n = 0
                while await log.redis.zcard(f"streams:{{{person}}}"):
                    n += 1
                    await log.append(topic, [turn("c1", f"{n}.")])
                    await other.until(says("data-turn", f'"{n}."'))


async def test_five_hundred_browsers_come_back_at_once(topic, log):
    with web("uvicorn") as port:
        readers = [(Stream(port, topic=topic, person=f"{topic}-{n}"), Call()) for n in range(500)]

        async def come(index: int) -> None:
            stream, call = readers[index]
            stream.last_event_id = call.position
            await stream.__aenter__()
            await read_until(stream, call, lambda call: call.turns.get(("", "mark")) == mark)

        for mark in ("first", "again"):
            await log.append(topic, [*words(mark, "said ", "meanwhile"), turn("mark", mark)])
            await asyncio.gather(*(come(index) for index in range(len(readers))))
            for stream, _ in readers:
                await stream.__aexit__()

    for _, call in readers:
        assert call.resets == 0
        assert call.turns["", "first"] == call.turns["", "again"] == "said meanwhile"


async def a_client_that_never_reads(port: int, topic: str) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, f"GET /stream?topic={topic} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return client


async def test_a_browser_that_paused_gets_all_it_missed(kind, topic, log):
    with web(kind) as port:
        call, loop = Call(), asyncio.get_running_loop()
        stream = Stream(port, topic=topic)
        async with stream:
            await stream.next()
            stream._reader._transport.pause_reading()
            for index in range(150):
                text = f"{index} " + "y" * 20_000
                await log.append(topic, [turn(f"c{index}", text), *words(f"r{index}", "a", "b")])
            for _ in range(2):  # let the server fill up, then fall behind what it keeps
                await asyncio.sleep(0.05)
            stream._reader._transport.resume_reading()
            began = loop.time()
            await read_until(stream, call, lambda call: call.turns.get(("", "r149")) == "ab")

    assert loop.time() - began < 10
    assert call.resets == 0
    assert all(call.turns["", f"r{index}"] == "ab" for index in range(150))
    assert all(call.turns["", f"c{index}"].startswith(f"{index} ") for index in range(150))


async def test_a_leaving_server_sends_its_browsers_away_gently(topic):
    with web("uvicorn") as port:
        streams = [Stream(port, topic=topic) for _ in range(30)]
        for stream in streams:
            await stream.__aenter__()
            await stream.next()
        port.send(signal.SIGTERM)
        lasts = [(await stream.rest())[-1] for stream in streams]

    assert all(50 <= last.retry <= 100 for last in lasts)
    assert port.process.exitcode in (0, -signal.SIGTERM)  # uvicorn hands the signal on when it is done


async def test_a_stream_ends_after_its_time_and_resumes_unnoticed(kind, topic, log):
    with web(kind, STREAM_MAX_SECONDS="2") as port:
        call = Call()
        await log.append(topic, words("r1", "one "))
        async with Stream(port, topic=topic) as stream:
            events = await stream.rest()
        for event in events:
            call.take(event)
        await log.append(topic, [Entry({"type": "text-delta", "id": "r1", "delta": "two"}, group="r1")])
        async with Stream(port, last_event_id=call.position, topic=topic) as stream:
            await read_until(stream, call, lambda call: call.turns["", "r1"] == "one two")

    assert 50 <= events[-1].retry <= 100
    assert call.resets == 0


async def test_a_person_may_hold_so_many_streams_and_no_more(kind, topic, log):
    person = f"person-{topic}"
    with web(kind, STREAM_LIMIT_PER_USER="3") as port:
        held = [Stream(port, topic=topic, person=person) for _ in range(3)]
        for stream in held:
            await stream.__aenter__()
            await stream.next()
        async with Stream(port, topic=topic, person=person) as refused:
            assert refused.status == 429
            assert int(refused.headers["retry-after"]) > 0
        async with Stream(port, topic=topic, person=f"{person}-other") as other:
            assert other.status == 200
        await held[0].__aexit__()
        for _ in range(100):
            async with Stream(port, topic=topic, person=person) as again:
                if again.status == 200:
                    break
            await asyncio.sleep(0.05)
        assert again.status == 200


async def test_leases_of_a_crashed_process_run_out(topic, log):
    person = f"person-{topic}"
    key = f"streams:{{{person}}}"
    with web("uvicorn", STREAM_LIMIT_PER_USER="1") as port:
        async with Stream(port, topic=topic, person=person) as stream:
            await stream.next()
            port.process.kill()
    ((lease, until),) = await log.redis.zrange(key, 0, -1, withscores=True)
    assert until < time.time() + 46
    await log.redis.zadd(key, {lease: 1})  # forty-five seconds later
    with web("uvicorn", STREAM_LIMIT_PER_USER="1") as port:
        async with Stream(port, topic=topic, person=person) as stream:
            assert stream.status == 200


async def test_pulses_come_at_least_every_four_seconds(kind, topic):
    loop = asyncio.get_running_loop()
    with web(kind) as port:
        async with Stream(port, topic=topic) as stream:
            times = []
            for _ in range(3):
                event = await stream.next()
                assert event.part["type"] == "data-pulse"
                times.append(loop.time())

    assert all(later - earlier < 4 for earlier, later in pairwise(times))
