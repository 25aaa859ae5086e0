"""Five hundred cut connections, and every word arrives once."""

import asyncio
import random

import pytest

from streaming.log import Entry
from streaming.positions import join
from tests.streaming.client import Call, Stream

CUTS = 500
READERS = 25
LONG_ROUNDS = 10
SECONDS = 180  # a hang ends; a busy machine may take its time
TOPICS = 6
MANY_TURNS, SLOWLY = 40, 0.05  # a slow machine's readers lag: what they have not read must stay in the log
ALPHABET = 'abc äöü 語 🙂 \u2028"\\\n'


class Script:
    """What is said in one call: answers word by word, some finished whole, callers as growing pictures."""

    def __init__(self, writer, topic: str, chance: random.Random) -> None:
        self.writer, self.topic, self.chance = writer, topic, chance
        self.turns: dict[tuple[str, str], str] = {}

    def picture(self, key: str, text: str) -> None:
        part = {"type": "data-turn", "id": key, "data": {"text": text}}
        self.writer.put(self.topic, Entry(part, group=key, whole=True))
        self.turns[self.topic, key] = text

    async def run(self, enough: asyncio.Event) -> None:
        n = 0
        while not enough.is_set():
            n += 1
            for length in range(1, self.chance.randint(2, 5)):
                self.picture(f"c{n}", "?" * length)
                await asyncio.sleep(0.002)
            key = f"r{n}"
            self.turns[self.topic, key] = ""
            self.writer.put(self.topic, Entry({"type": "text-start", "id": key}, group=key))
            for _ in range(self.chance.randint(1, 60)):
                text = "".join(self.chance.choices(ALPHABET, k=self.chance.randint(1, 8)))
                self.writer.delta(self.topic, key, key, text)
                self.turns[self.topic, key] += text
                await asyncio.sleep(self.chance.choice((0, 0.001, 0.005)) if n < MANY_TURNS else SLOWLY)
            self.writer.put(self.topic, Entry({"type": "text-end", "id": key}, group=key))
            if self.chance.random() < 0.8:
                self.picture(key, self.turns[self.topic, key])
        self.writer.put(self.topic, Entry({"type": "finish"}, end=True))
        await self.writer.flush(self.topic)


class Reader:
    """Reads over connections that are torn at random moments, and to the end once `cuts` are done."""

    def __init__(self, port: int, topics: list[str], after: str, chance: random.Random) -> None:
        self.port, self.topics, self.chance = port, topics, chance
        self.call = Call(position=after)
        self.ended: set[str] = set()

    async def cut_off(self, cuts: int) -> None:
        for _ in range(cuts):
            assert await self._connect(self.chance.randint(0, 12)), "the call ended before all cuts were made"

    async def to_the_end(self) -> None:
        while await self._connect(None):
            pass

    async def _connect(self, limit: int | None) -> bool:
        """One connection, torn after `limit` events. False once everything has ended."""
        tagged = {"tagged": 1} if len(self.topics) > 1 else {}
        async with Stream(self.port, last_event_id=self.call.position, topic=self.topics, **tagged) as stream:
            if stream.status == 204 or len(self.ended) == len(self.topics):
                return False
            while limit is None or limit > 0:
                event = await stream.next()
                if event is None:
                    return True
                self.call.take(event)
                limit = limit and limit - 1
                if event.data != "[DONE]" and event.part["type"] == "finish":
                    self.ended.add(event.part.get("call", ""))
                    if len(self.ended) == len(self.topics):
                        return False
        return True


@pytest.mark.soak
@pytest.mark.parametrize("several", [False, True], ids=["one topic", "several topics"])
@pytest.mark.parametrize("round", range(LONG_ROUNDS))
async def test_cut_after_cut_for_minutes(server, writer, log, topic, several, round):
    await test_every_word_arrives_once_whatever_is_cut(server, writer, log, f"{topic}-{round}", several)


# Each server and each kind of stream; all four together are for `make soak`.
@pytest.mark.parametrize(
    ("server", "several"),
    [("daphne", False), ("uvicorn", True)],
    indirect=["server"],
    ids=["daphne, one topic", "uvicorn, several topics"],
)
async def test_every_word_arrives_once_whatever_is_cut(server, writer, log, topic, several):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    names = [f"{topic}-{n}" for n in range(TOPICS)]
    positions = {name: await log.position(name) for name in names}
    scripts = [Script(writer, name, random.Random(chance.random())) for name in names]
    readers = []
    for number in range(READERS):
        mine = names if several else [names[number % TOPICS]]
        after = join({name: positions[name] for name in mine}) if several else str(positions[mine[0]])
        readers.append(Reader(server, mine, after, random.Random(chance.random())))

    enough = asyncio.Event()
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
        for script in scripts:
            group.create_task(script.run(enough))
        cut_off = [group.create_task(reader.cut_off(CUTS // READERS)) for reader in readers]
        await asyncio.gather(*cut_off)
        enough.set()
        for reader in readers:
            group.create_task(reader.to_the_end())

    for number, reader in enumerate(readers):
        told = scripts if several else [scripts[number % TOPICS]]
        expected = {
            (name if several else "", key): text
            for script in told
            for (name, key), text in script.turns.items()
        }
        assert reader.call.resets == 0
        assert reader.call.turns == expected, f"reader {number}, seed {seed}"
