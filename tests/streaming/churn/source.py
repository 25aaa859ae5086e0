"""What is said on several calls and shown on a board, while it is said: the truth every reader is held to."""

import asyncio
import random
import threading
from dataclasses import dataclass, field

import uvloop

from streaming.log import Entry, Log
from streaming.writer import Writer
from tests.streaming.churn.record import Record

NOISE = 'abc äöü 語 🙂 \u2028"\\\n'
CALLS = 6  # at once
TURNS = (3, 8)  # of a call, before the next begins
CARDS = 30
FLUSHED_WITHIN_S = 60


@dataclass(eq=False)
class Truth:
    """One topic as whoever missed nothing sees it. A turn's or card's key is a letter and its number."""

    topic: str
    shown: dict[str, str] = field(default_factory=dict)
    begun: int = 0  # number of the newest key
    ended: bool = False

    def begin(self, letter: str) -> str:
        self.begun += 1
        return f"{letter}{self.begun}"


class Source(threading.Thread):
    """A process that holds calls, in a loop of its own: all it says goes through one Writer."""

    def __init__(self, run: str, log_url: str, record_url: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.board = Truth(f"{run}:board")
        self.calls: list[Truth] = []  # those that go on now
        self.failure: BaseException | None = None
        self.ready = threading.Event()
        self.words = self.pictures = self.over = 0
        self._run, self._log_url, self._record_url = run, log_url, record_url
        self._chance = random.Random(seed)
        self._enough = threading.Event()

    def stop(self) -> None:
        """Finish what was begun, end every call, and end."""
        self._enough.set()

    def run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._speak())
        except BaseException as error:
            self.failure = error

    async def _speak(self) -> None:
        self._writer, self._record = Writer(Log(self._log_url)), Record(self._record_url)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._draw_cards(random.Random(self._chance.random())))
            for line in range(CALLS):
                group.create_task(self._hold_calls(line, random.Random(self._chance.random())))
            self.ready.set()
        assert await self._writer.flush(seconds=FLUSHED_WITHIN_S), "the log was not there at the end"
        await self._writer.close()
        await self._record.close()

    async def _hold_calls(self, line: int, chance: random.Random) -> None:
        """One call after the other."""
        number = 0
        while not self._enough.is_set():
            number += 1
            call = Truth(f"{self._run}:call:{line}.{number}")
            self.calls.append(call)
            for _ in range(chance.randint(*TURNS)):
                await self._ask(call, chance)
                await self._answer(call, chance)
                if self._enough.is_set():
                    break
            # As a voice socket does: the log has everything before the record says that it is over.
            assert await self._writer.flush(call.topic, FLUSHED_WITHIN_S), "the log was away for too long"
            call.ended = True
            self.calls.remove(call)
            await self._record.end(call.topic)
            self._writer.put(call.topic, Entry({"type": "finish"}, end=True))
            self.over += 1

    async def _ask(self, call: Truth, chance: random.Random) -> None:
        """A caller's words: pictures that grow, of which the record has the last."""
        key = call.begin("c")
        last = chance.randint(1, 5)
        for version in range(1, last + 1):
            part = picture(key, version, chance.choice((1, 3, 30)))
            if version == last:
                await self._record.keep(call.topic, part)
            self._show(call, part)
            await asyncio.sleep(chance.uniform(0, 0.3))

    async def _answer(self, call: Truth, chance: random.Random) -> None:
        """An agent's words: numbered, so that none is like another; in the end they are one picture."""
        key = call.begin("r")
        call.shown[key] = ""
        self._writer.put(call.topic, Entry({"type": "text-start", "id": key}, group=key))
        for number in range(chance.randint(5, 80)):
            word = f"{number}{''.join(chance.choices(NOISE, k=chance.randint(0, 6)))} "
            call.shown[key] += word
            self._writer.delta(call.topic, key, key, word)
            self.words += 1
            await asyncio.sleep(chance.choice((0, 0.01, 0.03, 0.1)))
        self._writer.put(call.topic, Entry({"type": "text-end", "id": key}, group=key))
        part = {"type": "data-turn", "id": key, "data": {"version": 1, "text": call.shown[key]}}
        await self._record.keep(call.topic, part)
        self._show(call, part)

    async def _draw_cards(self, chance: random.Random) -> None:
        """A board: each card drawn anew again and again, until it goes and another comes."""
        board, versions = self.board, dict[str, int]()
        while not self._enough.is_set():
            if len(versions) < CARDS:
                versions[board.begin("k")] = 0
            key = chance.choice(list(versions))
            versions[key] += 1
            if versions[key] > 5 and chance.random() < 0.1:
                del versions[key], board.shown[key]
                await self._record.drop(board.topic, key)
                gone = {"type": "data-gone", "id": key}
                self._writer.put(board.topic, Entry(gone, group=key, whole=True, gone=True))
            else:
                part = picture(key, versions[key], chance.choice((5, 50, 400)))
                await self._record.keep(board.topic, part)
                self._show(board, part)
            await asyncio.sleep(chance.uniform(0, 0.12))

    def _show(self, truth: Truth, part: dict) -> None:
        key = part["id"]
        truth.shown[key] = part["data"]["text"]
        self._writer.put(truth.topic, Entry(part, group=key, whole=True))
        self.pictures += 1


def picture(key: str, version: int, length: int) -> dict:
    text = f"{key}.{version} " * length
    return {"type": "data-turn", "id": key, "data": {"version": version, "text": text}}
