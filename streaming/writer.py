"""The producer's side: words go out at once, then at most every 16 ms, every topic in one round trip.

Nothing here waits for Redis in the caller's path, and nothing raises into the call. While Redis is slow more
is merged; while it is away text is kept, up to a bound; when it comes back empty the turns still open are
told again.
"""

import asyncio
import itertools
import logging
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from redis.exceptions import RedisError

from streaming import scripts
from streaming.entries import Entry, delta, encode
from streaming.log import Log

logger = logging.getLogger(__name__)

TICK = 0.016
# Of one topic: waiting to be sent, and kept of what is open, to tell it again.
MOST_BYTES = 1 << 20
MOST_OPEN_BYTES = 256 << 10
MOST_CLOSED = 1000  # groups of a topic; words trail behind a picture by moments
FORGET_AFTER = 600.0  # seconds without a word
FIRST_RETRY, LAST_RETRY = 0.05, 2.0

_Packed = tuple[bytes, str, str]


@dataclass(slots=True)
class _Text:
    """Deltas of one text, until they leave as one."""

    group: str
    text_id: str
    pieces: list[str]

    def packed(self) -> _Packed:
        return encode(delta(self.text_id, "".join(self.pieces))), self.group, "p"


class _Open:
    """What is open in a topic, as it was said: what a log that lost it must be told again."""

    def __init__(self) -> None:
        self.entries: list[_Packed] = []
        self.closed: dict[str, None] = {}  # the latest last: a board's cards come for ever
        self.bytes = 0

    def take(self, entries: Iterable[_Packed]) -> None:
        for entry in entries:
            data, group, marks = entry
            if marks in "wg":
                self.closed.pop(group, None)
                if marks == "w":
                    self.closed[group] = None
                    if len(self.closed) > MOST_CLOSED:
                        del self.closed[next(iter(self.closed))]
                self.entries = [kept for kept in self.entries if kept[1] != group]
                self.bytes = sum(len(kept[0]) for kept in self.entries)
            elif group and group not in self.closed:
                self.entries.append(entry)
                self.bytes += len(data)
        if self.bytes > MOST_OPEN_BYTES:
            # A part of a turn would be a lie; its whole picture comes when it is finished.
            self.entries, self.bytes = [], 0


@dataclass(slots=True)
class _Topic:
    name: str
    # By group where it is a whole picture, which supersedes the one before; else by a running number.
    waiting: dict[str | int, _Text | _Packed] = field(default_factory=dict)
    taken: int = 0
    bytes: int = 0
    batch: list[_Packed] = field(default_factory=list)  # sent, not yet acknowledged
    number: int = 0
    epoch: str = ""
    due: float = 0.0
    used: float = 0.0
    lost: bool = False  # more was said than could be kept: readers must be told
    telling: bool = False  # and the batch on its way tells them
    ended: bool = False
    open: _Open = field(default_factory=_Open)

    @property
    def busy(self) -> bool:
        return bool(self.waiting or self.batch or self.lost)

    def take(self, entry: _Text | _Packed) -> None:
        key: str | int = self.taken
        self.taken += 1
        if not isinstance(entry, _Text) and entry[2] in "wg":
            key = entry[1]
            superseded = self.waiting.pop(key, None)
            if superseded:
                self.bytes -= len(superseded[0])  # type: ignore[index]
        self.waiting[key] = entry


class Writer:
    """One per process and event loop. `delta` and `put` return at once; `flush` waits until Redis has it."""

    def __init__(self, log: Log | None = None, tick: float = TICK) -> None:
        self.log = log or Log()
        self.tick = tick
        self.name = secrets.token_hex(4)
        self.healthy = True
        self.lost_entries = 0  # dropped because Redis was away for too long; watchers were told `reset`
        self._topics: dict[str, _Topic] = {}
        self._wake = asyncio.Event()
        self._sent = asyncio.Condition()
        self._task: asyncio.Task | None = None
        self._forgetting = 0.0
        # Of batches: one row for all topics, since a topic that was forgotten here is still known in Redis.
        self._numbers = itertools.count(1)

    # Saying something.

    def delta(self, topic: str, group: str, text_id: str, text: str) -> None:
        """More of a text. Leaves at once if the topic was quiet, else joined with what follows within a
        tick."""
        known = self._of(topic)
        last = next(reversed(known.waiting.values()), None)
        if isinstance(last, _Text) and last.text_id == text_id and last.group == group:
            last.pieces.append(text)
        else:
            known.take(_Text(group, text_id, [text]))
        self._grow(known, len(text))

    def put(self, topic: str, *entries: Entry) -> None:
        """Anything else, in order behind the deltas before it. Does not wait for the tick.

        Raises TypeError for a part that is not JSON, ValueError for a group of several lines.
        """
        packed = [scripts.packed(entry) for entry in entries]
        known = self._of(topic)
        for entry in packed:
            known.take(entry)
        known.due = 0.0
        known.ended = known.ended or any(entry.end for entry in entries)
        self._grow(known, sum(len(data) for data, _, _ in packed))

    def renew(self, topic: str) -> None:
        """What was finished goes on after all: begin the topic anew, and its readers with it."""
        known = self._of(topic)
        known.lost, known.ended, known.telling = True, False, False
        known.open = _Open()
        self._grow(known, 0)

    async def flush(self, topic: str | None = None, seconds: float = 5.0) -> bool:
        """Wait until all that was said (in one topic) is in Redis. False: not within `seconds`."""
        for known in self._chosen(topic):
            known.due = 0.0
        self._ring()
        try:
            async with asyncio.timeout(seconds), self._sent:
                await self._sent.wait_for(lambda: not any(known.busy for known in self._chosen(topic)))
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Say what is left, then stop."""
        await self.flush()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.log.close()

    def _chosen(self, topic: str | None) -> Sequence[_Topic]:
        if topic is None:
            return list(self._topics.values())
        return [self._topics[topic]] if topic in self._topics else []

    def _of(self, name: str) -> _Topic:
        known = self._topics.get(name)
        if known is None:
            known = self._topics[name] = _Topic(name)
        return known

    def _grow(self, topic: _Topic, size: int) -> None:
        topic.bytes += size
        topic.used = asyncio.get_running_loop().time()
        if topic.bytes > MOST_BYTES:
            # Complete or reset: with a hole in it the topic begins a new epoch.
            self.lost_entries += len(topic.waiting)
            topic.waiting, topic.batch, topic.bytes, topic.lost = {}, [], 0, True
            topic.telling = False  # what is on its way tells of an earlier loss
            topic.open.entries, topic.open.bytes = [], 0
        self._ring()

    def _ring(self) -> None:
        self._wake.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), name="stream writer")

    # Sending it.

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        pause = FIRST_RETRY
        while True:
            now = loop.time()
            due = [topic for topic in self._topics.values() if topic.busy and topic.due <= now]
            if due:
                if await self._send(due, now):
                    pause = FIRST_RETRY
                else:
                    await asyncio.sleep(pause * (0.5 + secrets.randbelow(1000) / 1000))
                    pause = min(pause * 2, LAST_RETRY)
                continue
            self._forget(now)
            self._wake.clear()
            nearest = min((topic.due for topic in self._topics.values() if topic.busy), default=now + 60)
            try:
                async with asyncio.timeout_at(nearest):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _send(self, due: list[_Topic], now: float) -> bool:
        """One round trip for all that is due. False: at least one topic must try again."""
        calls = [self._call(topic, now) for topic in due]
        try:
            answers = await self.log.run_all(calls)
        except (RedisError, OSError) as error:
            answers = [error] * len(due)
        failure = None
        for topic, answer in zip(due, answers, strict=True):
            if isinstance(answer, Exception):
                failure = answer
            else:
                self._acknowledge(topic, answer)
        self._report(failure)
        async with self._sent:
            self._sent.notify_all()
        return failure is None

    def _call(self, topic: _Topic, now: float) -> scripts.Call:
        if not topic.batch:
            # A batch that was sent stays as it is until it is acknowledged: it may have arrived.
            topic.number = next(self._numbers)
            said = topic.waiting.values()
            topic.batch = [each.packed() if isinstance(each, _Text) else each for each in said]
            topic.waiting, topic.bytes = {}, 0
        topic.telling = topic.lost
        # Ticks lie on one grid for the whole process, so that topics leave together.
        topic.due = (int((now + self.tick / 2) / self.tick) + 1) * self.tick
        return scripts.append(
            topic.name,
            topic.batch,
            self.log.database,
            expected=topic.epoch,
            writer=self.name,
            batch=topic.number,
            renew=topic.lost,
        )

    def _acknowledge(self, topic: _Topic, answer) -> None:
        position, outcome = scripts.to_appended(answer)
        if outcome == "stale":
            # Redis lost the topic. Its finished turns are in the record; what is open only we know.
            topic.batch = topic.open.entries + topic.batch
            topic.open.entries, topic.open.bytes = [], 0
            topic.epoch, topic.due = "", 0.0
            topic.number = next(self._numbers)
            return
        topic.epoch = position.epoch
        topic.open.take(topic.batch)
        topic.batch = []
        topic.lost = topic.lost and not topic.telling

    def _report(self, failure: Exception | None) -> None:
        if failure is not None and self.healthy:
            logger.warning("the live log cannot be written, keeping what is said: %s", failure)
        elif failure is None and not self.healthy:
            logger.info("the live log can be written again")
        self.healthy = failure is None

    def _forget(self, now: float) -> None:
        if now < self._forgetting:
            return
        self._forgetting = now + 5
        for name, topic in list(self._topics.items()):
            if not topic.busy and (topic.ended or now - topic.used > FORGET_AFTER):
                del self._topics[name]
