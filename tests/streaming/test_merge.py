"""Catching up: a snapshot that is cut anywhere and read on from there is the whole, and what record and log
both know is told once."""

import asyncio
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.admission import Topic
from streaming.entries import Entry, delta
from streaming.feed import Feed, Stand
from streaming.log import Log
from streaming.positions import UNSEEN, Cursor
from streaming.story import Story, whole
from tests.streaming.client import Call, Event, parse
from tests.streaming.test_consumers import FINISH, turn

TEXTS = st.text("ab\n🙂", min_size=1, max_size=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("words", "words", "picture")), st.integers(0, 3), TEXTS),
        st.tuples(st.just("step"), st.just(0), st.just("")),
    ),
    min_size=4,
    max_size=25,
)
# What only the record knows: turns of which the log has forgotten everything.
OLDER = st.lists(st.sampled_from(("c1", "c2", "c3")), unique=True)


class Talk:
    """Four people at once: a turn in words, in pictures that grow, or in words and then whole."""

    def __init__(self) -> None:
        self.turns: dict[tuple[str, str], str] = {}
        self.finished: set[str] = set()
        self._spoke = [0] * 4

    def take(self, steps) -> list[Entry]:
        return [entry for step in steps for entry in self._entries(*step)]

    def _entries(self, what: str, who: int, text: str) -> list[Entry]:
        if what == "step":
            return [Entry({"type": "start-step"})]
        key = f"r{who}.{self._spoke[who]}"
        if what == "picture":
            self.finished.add(key)
            self.turns["", key] = text
            return [turn(key, text)]
        if key in self.finished:
            self._spoke[who] += 1
            key = f"r{who}.{self._spoke[who]}"
        begins = ("", key) not in self.turns
        self.turns["", key] = self.turns.get(("", key), "") + text
        words = Entry(delta(key, text), group=key)
        return [Entry({"type": "text-start", "id": key}, group=key), words] if begins else [words]

    def record(self, older: list[str]) -> list[Entry]:
        """As the database has it: finished turns."""
        kept = [key for _, key in self.turns if key in self.finished]
        return [turn(key, "older") for key in older] + [turn(key, self.turns["", key]) for key in kept]


def events_of(topic: str, story: Story) -> list[Event]:
    """What a reader is told, as it reads it."""
    feed = Feed(("key",), [Topic(topic)], [story.position])
    told = feed.tell(0, story, Stand([topic], [None]))
    return [parse(block) for block in told.split(b"\n\n")[:-1]]


async def go_on(log: Log, topic: str, call: Call, fresh: list[Event]) -> Call:
    """A reader who was cut off comes back: to what follows, or to the beginning if its position is none."""
    place = Cursor.parse(call.position).of(topic, "") if call.position else UNSEEN
    page = await log.read(topic, place)
    if page.reset:
        call = Call()
        for event in fresh:
            call.take(event)
    for item in page.entries:
        call.take(Event(str(page.position), item.data.decode(), None))
    return call


def run(check) -> None:
    async def with_log() -> None:
        log = Log()
        try:
            await check(log, f"any:{uuid4()}")
        finally:
            await log.close()

    asyncio.run(with_log())


@settings(max_examples=60, deadline=None)
@given(before=STEPS, meanwhile=STEPS, after=STEPS, older=OLDER)
def test_a_story_cut_anywhere_and_read_on_is_the_whole(before, meanwhile, after, older):
    """`meanwhile` is said after the log was asked and before the record was."""

    async def check(log: Log, topic: str) -> None:
        talk = Talk()
        await log.append(topic, talk.take(before))
        page = await log.snapshot(topic)
        await log.append(topic, talk.take(meanwhile))
        story = whole(page.position, page.entries, talk.record(older), ended=False)
        await log.append(topic, talk.take(after))
        now = await log.snapshot(topic)
        fresh = events_of(topic, whole(now.position, now.entries, talk.record(older), ended=False))
        expected = talk.turns | {("", key): "older" for key in older}
        events = events_of(topic, story)
        for cut in range(len(events) + 1):
            call = Call()
            for event in events[:cut]:
                call.take(event)
            assert (await go_on(log, topic, call, fresh)).turns == expected, cut

    run(check)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, older=OLDER, is_known=st.booleans())
def test_what_is_finished_is_told_whole_and_once_whoever_knows_of_it(steps, older, is_known):
    async def check(log: Log, topic: str) -> None:
        talk = Talk()
        await log.append(topic, talk.take(steps))
        page = await log.snapshot(topic)
        story = whole(page.position, page.entries, talk.record(older) if is_known else None, ended=False)
        parts = [event.part for event in events_of(topic, story) if event.part["type"] != "start-step"]
        finished = talk.finished | set(older if is_known else ())

        pictures = [part["id"] for part in parts if part["type"] == "data-turn"]
        assert sorted(pictures) == sorted(finished)
        assert all(part["type"] == "data-turn" for part in parts if part["id"] in finished)
        told = Call()
        for event in events_of(topic, story):
            told.take(event)
        assert told.turns == talk.turns | ({("", key): "older" for key in older} if is_known else {})

    run(check)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, older=OLDER, in_log=st.booleans(), in_record=st.booleans())
def test_an_end_is_told_once_and_last_whoever_knows_of_it(steps, older, in_log, in_record):
    async def check(log: Log, topic: str) -> None:
        talk = Talk()
        await log.append(topic, [*talk.take(steps), *([FINISH] if in_log else [])])
        page = await log.snapshot(topic)
        record = [*talk.record(older), *([FINISH] if in_record else [])]
        story = whole(page.position, page.entries, record, ended=page.ended or in_record)
        *events, last = events_of(topic, story) or [None]

        assert story.ended == story.over == (in_log or in_record)
        assert [event.part["type"] for event in events].count("finish") == story.ended
        if story.ended:
            assert last.data == "[DONE]"
            assert events[-1].part == {"type": "finish"}
            assert Cursor.parse(events[-1].id).at_end(topic)

    run(check)
