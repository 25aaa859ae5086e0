"""The producer's coalescer."""

import asyncio
from collections import deque
from uuid import uuid4

import orjson
import pytest
import redis.exceptions
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from streaming import scripts
from streaming import writer as writers
from streaming.entries import Entry
from streaming.log import Log
from streaming.positions import Position
from streaming.writer import Writer
from tests.streaming.client import Call, Event
from tests.streaming.running import eventually, own_redis
from tests.streaming.test_consumers import turn


async def kept(log: Log, topic: str) -> list[dict]:
    position = await log.position(topic)
    page = await log.read(topic, Position(position.epoch), 10_000)
    return [orjson.loads(entry.data) for entry in page.entries]


async def test_the_first_word_goes_at_once_and_the_next_wait_for_the_tick(writer, log, topic):
    await writer.log.redis.ping()
    for word in ("a", "b", "c", "d"):
        writer.delta(topic, "r1", "r1", word)
        await asyncio.sleep(0.002)
    await writer.flush(topic)

    parts = await kept(log, topic)
    assert parts[0]["delta"] == "a"
    assert "".join(part["delta"] for part in parts) == "abcd"
    assert len(parts) <= 3


async def test_two_hundred_words_a_second_are_at_most_four_tenths_as_many_entries(writer, log, topic):
    loop = asyncio.get_running_loop()
    start = loop.time()
    for index in range(200):
        writer.delta(topic, "r1", "r1", f"{index} ")
        await asyncio.sleep(max(0, start + index * 0.005 - loop.time()))
    await writer.flush(topic)

    parts = await kept(log, topic)
    assert "".join(part["delta"] for part in parts) == "".join(f"{index} " for index in range(200))
    assert len(parts) <= 80


async def test_order_is_kept_between_words_and_everything_else(writer, log, topic):
    writer.put(topic, Entry({"type": "text-start", "id": "r1"}, group="r1"))
    writer.delta(topic, "r1", "r1", "a")
    writer.delta(topic, "r2", "r2", "x")
    writer.delta(topic, "r1", "r1", "b")
    writer.put(topic, turn("r1", "ab"))
    await writer.flush(topic)

    told = [(part["type"], part["id"], part.get("delta")) for part in await kept(log, topic)]
    assert told == [
        ("text-start", "r1", None),
        ("text-delta", "r1", "a"),
        ("text-delta", "r2", "x"),
        ("text-delta", "r1", "b"),
        ("data-turn", "r1", None),
    ]


async def test_what_is_not_a_word_does_not_wait_for_the_tick(log, topic):
    writer = Writer(tick=60)
    for word in ("a", "b"):
        writer.delta(topic, "r1", "r1", word)
        await writer.flush(topic)
    writer.put(topic, turn("r1", "ab"))

    async def all_is_kept() -> bool:
        return len(await kept(log, topic)) == 3

    await eventually(all_is_kept)
    await writer.close()


async def test_it_tells_what_is_open_again_when_the_log_lost_it(writer, log, topic):
    writer.put(topic, turn("c1", "finished"), Entry({"type": "text-start", "id": "r2"}, group="r2"))
    writer.delta(topic, "r2", "r2", "half ")
    await writer.flush(topic)
    await log.redis.delete(*[f"log:{{{topic}}}:{key}" for key in ("entries", "meta", "latest", "open")])
    writer.delta(topic, "r2", "r2", "an answer")
    await writer.flush(topic)

    parts = await kept(log, topic)
    assert [part["type"] for part in parts] == ["text-start", "text-delta", "text-delta"]
    assert "".join(part.get("delta", "") for part in parts) == "half an answer"


async def test_with_redis_away_it_keeps_what_it_can_and_tells_when_it_could_not(topic, monkeypatch):
    monkeypatch.setattr(writers, "MOST_BYTES", 2000)
    with own_redis() as fragile:
        writer, log = Writer(Log(fragile.url)), Log(fragile.url)
        writer.delta(topic, "r1", "r1", "a")
        writer.delta(f"{topic}-small", "r1", "r1", "a")
        assert await writer.flush()
        before = await log.position(topic)
        fragile.kill()
        for _ in range(100):
            writer.delta(topic, "r1", "r1", "much more than can be kept of one topic ")
            await asyncio.sleep(0)
        writer.delta(f"{topic}-small", "r1", "r1", "b")
        assert not await writer.flush(seconds=0.3)
        assert not writer.healthy
        waiting = writer._topics[topic].bytes
        fragile.start()
        assert await writer.flush(seconds=10)

        assert writer.healthy
        assert writer.lost_entries > 0
        assert waiting <= 2000
        assert (await log.position(topic)).epoch != before.epoch
        small = "".join(part["delta"] for part in await kept(log, f"{topic}-small"))
        assert small == "ab"
        await writer.close()
        await log.close()


async def test_it_forgets_topics_that_are_over(writer, topic, monkeypatch):
    monkeypatch.setattr(writer, "_forgetting", 0.0)
    writer.put(topic, Entry({"type": "finish"}, end=True))
    await writer.flush()
    monkeypatch.setattr(writer, "_forgetting", 0.0)
    writer.delta(f"{topic}-other", "r1", "r1", "a")
    await writer.flush()

    async def is_forgotten() -> bool:
        return topic not in writer._topics

    await eventually(is_forgotten)
    assert f"{topic}-other" in writer._topics


def test_of_a_board_that_goes_on_for_ever_it_remembers_so_many_cards():
    known = writers._Open()
    known.take((b"{}", f"card-{n}", "w") for n in range(3 * writers.MOST_CLOSED))
    known.take([(b"late", "card-2999", "p"), (b"open", "r1", "p")])

    assert len(known.closed) == writers.MOST_CLOSED
    assert known.entries == [(b"open", "r1", "p")]


async def test_what_is_said_after_a_long_silence_is_kept(writer, log, topic, monkeypatch):
    monkeypatch.setattr(writers, "FORGET_AFTER", 0.0)
    for text in ("one", "two", "three"):
        writer.put(topic, turn(text, text))
        await writer.flush()
    monkeypatch.setattr(writer, "_forgetting", 0.0)
    writer.delta(f"{topic}-other", "r1", "r1", "a")

    async def is_forgotten() -> bool:
        return topic not in writer._topics

    await eventually(is_forgotten)
    writer.put(topic, turn("four", "four"))
    await writer.flush()

    assert [part["id"] for part in await kept(log, topic)] == ["one", "two", "three", "four"]


class MoodyLog(Log):
    """Redis as it may be: each append has the next of these moods, and after them all is well."""

    def __init__(self, moods: list[str]) -> None:
        super().__init__()
        self.moods = deque(moods)

    async def run_all(self, calls):
        mood = self.moods.popleft() if self.moods else "well"
        if mood == "slow":
            await asyncio.sleep(0.004)
        if mood == "refused":
            raise redis.exceptions.ConnectionError("nobody there")
        answers = await super().run_all(calls)
        if mood == "all answers lost":
            raise redis.exceptions.TimeoutError("no answer")
        if mood == "one answer lost":
            return [redis.exceptions.TimeoutError("no answer"), *answers[1:]]
        return answers


FAILING = ("slow", "slow", "refused", "all answers lost", "one answer lost")
MOODS = st.lists(st.sampled_from(FAILING), max_size=6)
TOPIC, WORD = st.integers(0, 2), st.text("ab\n🙂", min_size=1, max_size=6)
WAIT = st.tuples(st.just("wait"), st.just(0), st.sampled_from((0, 0.001, 0.005)))
SAYINGS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("r1", "r1", "r2")), TOPIC, WORD),
        st.tuples(st.just("turn"), TOPIC, WORD),
        WAIT,
        st.tuples(st.just("flush"), TOPIC, st.none()),
    ),
    min_size=10,
    max_size=40,
)
# Redis and the event loop outlive one example; names do not.
QUICKLY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def impatient(monkeypatch) -> None:
    monkeypatch.setattr(writers, "FIRST_RETRY", 0.001)
    monkeypatch.setattr(writers, "LAST_RETRY", 0.002)


class Telling:
    """What is said through a writer in three topics, and what the log has of it."""

    def __init__(self, moods: list[str], tick: float = 0.002) -> None:
        self.log, self.moody = Log(), MoodyLog(moods)
        self.writer = Writer(self.moody, tick)
        self.names = [f"any:{uuid4()}" for _ in range(3)]
        self.said: list[list[dict]] = [[], [], []]

    async def say(self, sayings) -> None:
        for what, index, more in sayings:
            if what == "wait":
                await asyncio.sleep(more)
            elif what == "flush":
                await self.writer.flush(self.names[index])
            elif what == "turn":
                entry = turn(f"c{len(self.said[index])}", more)
                self.said[index].append(entry.part)
                self.writer.put(self.names[index], entry)
            else:
                self.said[index].append({"type": "text-delta", "id": what, "delta": more})
                self.writer.delta(self.names[index], what, what, more)

    async def kept(self, index: int) -> list[dict]:
        return await kept(self.log, self.names[index])

    async def empty(self, topic: str, *, at_rest: bool) -> None:
        if at_rest:
            await self.writer.flush(topic)
        count, *args = scripts.look(topic).args
        await self.log.redis.delete(*args[:count])

    async def __aenter__(self) -> "Telling":
        return self

    async def __aexit__(self, *_) -> None:
        await self.writer.close()
        await self.log.close()


def letters(parts: list[dict]) -> list[tuple]:
    """However it is cut into parts, this is what was said, in order."""
    return [
        (part["id"], letter) for part in parts for letter in part.get("delta") or [part["data"]["text"] + "!"]
    ]


@QUICKLY
@given(sayings=SAYINGS, moods=MOODS)
def test_whatever_redis_does_the_words_are_the_same_in_the_same_order(impatient, sayings, moods):
    async def check() -> None:
        async with Telling(moods) as telling:
            await telling.say(sayings)
            assert await telling.writer.flush(seconds=20)
            for index, said in enumerate(telling.said):
                parts = await telling.kept(index)
                assert letters(parts) == letters(said)
                assert len(parts) <= len(said)

    asyncio.run(check())


@QUICKLY
@given(sayings=SAYINGS.map(lambda steps: [step for step in steps if step[0] != "flush"]))
def test_the_first_word_and_whatever_is_no_word_never_wait(sayings):
    async def check() -> None:
        async with Telling([], tick=3600) as telling:
            await telling.say(sayings)
            for index, said in enumerate(telling.said):
                turns = [at for at, part in enumerate(said) if part["type"] == "data-turn"]
                due = letters(said[: turns[-1] + 1] if turns else said[:1])

                async def is_kept(index=index, due=due) -> bool:
                    return letters(await telling.kept(index))[: len(due)] == due

                await eventually(is_kept)

    asyncio.run(check())


LONG = ("turn", 0, "x" * 30)


@QUICKLY
@given(sayings=SAYINGS, moods=MOODS)
# More is lost while Redis is being told that something was.
@example(sayings=[LONG, LONG, ("r1", 0, "a"), ("wait", 0, 0.001), LONG, LONG, ("r1", 0, "b")], moods=["slow"])
def test_what_it_could_not_keep_is_never_a_hole(impatient, monkeypatch, sayings, moods):
    """Room for little: either all is there, or a new epoch has begun and in that all that was said since."""
    monkeypatch.setattr(writers, "MOST_BYTES", 60)

    async def check() -> None:
        async with Telling(moods) as telling:
            epochs = [(await telling.log.position(name)).epoch for name in telling.names]
            await telling.say(sayings)
            assert await telling.writer.flush(seconds=20)
            for index, said in enumerate(telling.said):
                there, all_of_it = letters(await telling.kept(index)), letters(said)
                if (await telling.log.position(telling.names[index])).epoch == epochs[index]:
                    assert there == all_of_it
                else:
                    assert there == all_of_it[len(all_of_it) - len(there) :]
                    assert telling.writer.lost_entries

    asyncio.run(check())


ANSWERS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("word", "word", "finish")), st.integers(0, 1), WORD),
        st.tuples(st.sampled_from(("empty", "empty at rest")), st.integers(0, 1), st.none()),
        WAIT,
    ),
    min_size=10,
    max_size=40,
)


@QUICKLY
@given(answers=ANSWERS, moods=MOODS)
def test_an_answer_that_is_open_is_told_again_whenever_the_log_lost_it(impatient, answers, moods):
    async def check() -> None:
        async with Telling(moods) as telling:
            finished, texts = [{}, {}], ["", ""]
            for what, index, more in answers:
                topic, key = telling.names[index], f"r{len(finished[index])}"
                if what == "word":
                    texts[index] += more
                    telling.writer.delta(topic, key, key, more)
                elif what == "finish":
                    # Its picture is not its words, so that words of what is finished would be seen.
                    finished[index][key], texts[index] = f"{texts[index]}!", ""
                    telling.writer.put(topic, turn(key, finished[index][key]))
                elif what == "wait":
                    await asyncio.sleep(more)
                else:
                    await telling.empty(topic, at_rest=what == "empty at rest")
            for index, topic in enumerate(telling.names[:2]):
                # With the next word it is known what was lost.
                telling.writer.delta(topic, f"r{len(finished[index])}", f"r{len(finished[index])}", "more")
            assert await telling.writer.flush(seconds=20)
            for index in range(2):
                call = Call()
                for part in await telling.kept(index):
                    call.take(Event("1-1-1", orjson.dumps(part).decode(), None))
                known = {key: text for (_, key), text in call.turns.items()}
                assert known.pop(f"r{len(finished[index])}") == texts[index] + "more"
                assert known.items() <= finished[index].items()

    asyncio.run(check())


async def test_of_pictures_that_wait_the_newest_stands_for_those_before_it(topic):
    with own_redis() as fragile:
        writer = Writer(Log(fragile.url))
        writer.put(topic, turn("c0", "first"))
        await writer.flush(topic)
        fragile.kill()
        for number in range(400):  # more than may wait, were each of them kept
            writer.put(topic, turn(f"c{number % 3}", f"{number} " + "x" * 10_000))
        writer.delta(topic, "r1", "r1", "and words")
        fragile.start()
        assert await writer.flush(topic, 20)
        told = await kept(writer.log, topic)
        await writer.close()

    assert [part["data"]["text"].split()[0] for part in told if part["type"] == "data-turn"] == [
        "397",
        "398",
        "399",
    ]
    assert told[-1]["delta"] == "and words"
    assert writer.lost_entries == 0
