"""A browser that is told everything once, whatever becomes of its connections."""

import asyncio
import random
from collections import Counter, deque

from streaming.positions import NOWHERE, Cursor, Position
from tests.streaming.churn.faults import Faults
from tests.streaming.churn.source import Source, Truth
from tests.streaming.churn.witness import Witness
from tests.streaming.client import Event, Stream

OPENS_WITHIN_S = 10
SILENCE_S = 5.0  # pulses come at least every four
MOST_CALLS = 5
TRAIL = 30
BROKEN = (OSError, TimeoutError, asyncio.IncompleteReadError)


class Reader:
    """Reads one call after the other, each until it is told to stop; or the board, with or without some calls
    beside it on one connection."""

    def __init__(self, name: str, port: int, source: Source, faults: Faults, chance: random.Random) -> None:
        self.name = name
        self.met: Counter[str] = Counter()
        self.witnesses: dict[str, Witness] = {}
        self._port, self._source, self._faults, self._chance = port, source, faults, chance
        self._position: str | None = None
        self._placed: set[str] = set()  # topics that the position knows of
        self._unknown: set[str] = set()  # topics that this connection may reset: it cannot resume them
        self._epoch = self._left = ""  # of the log it reads, and before the reset it was told last
        self._board = chance.random() < 0.4
        self._calls = chance.choice((0, MOST_CALLS)) if self._board else 1
        self._stopped = True
        self._trail: deque[str] = deque(maxlen=TRAIL)  # what came last, for whoever looks for the reason

    async def run(self) -> None:
        """Until the source has ended, and all it said was seen."""
        while self._choose():
            if self.witnesses:
                try:
                    await self._connect()
                except BROKEN as error:
                    self.met[type(error).__name__] += 1
                    self._trail.append(repr(error))
                except AssertionError as error:
                    raise AssertionError(f"{self.story()}\n{error}") from error
                for witness in self.witnesses.values():
                    witness.cut_off()
            await asyncio.sleep(self._chance.uniform(0, 0.1))

    def story(self) -> str:
        """What came last, and what it has not seen as it is."""
        missing = {topic: witness.differs() for topic, witness in self.witnesses.items() if witness.differs()}
        return "\n".join([self.name, *self._trail, f"not seen: {missing}"])

    # What it reads.

    def _choose(self) -> bool:
        """Choose anew once every call it reads is over. False: there is nothing left to read."""
        if not self._over:
            return True
        if not self._source.is_alive() and (not self._board or self._has_seen_the_board):
            return False
        going_on = list(self._source.calls)
        chosen = self._chance.sample(going_on, min(len(going_on), self._calls))
        if self._board:
            chosen = [self._source.board, *chosen]
        else:
            self._position, self._placed, self._stopped = None, set(), not chosen
            self._epoch = self._left = ""
        self.witnesses = {truth.topic: self._witness(truth) for truth in chosen}
        return True

    def _witness(self, truth: Truth) -> Witness:
        return self.witnesses.get(truth.topic) or Witness(truth, resets_before=self._faults.settled)

    @property
    def _over(self) -> bool:
        if not self._board:
            return self._stopped
        board = self._source.board.topic
        return all(each.ended for topic, each in self.witnesses.items() if topic != board)

    @property
    def _has_seen_the_board(self) -> bool:
        board = self.witnesses.get(self._source.board.topic)
        return board is not None and not board.differs()

    @property
    def _may_leave(self) -> bool:
        if not self._board or not self._over:
            return False
        return len(self.witnesses) > 1 or (not self._source.is_alive() and self._has_seen_the_board)

    # How it reads.

    async def _connect(self) -> None:
        names = list(self.witnesses)
        self._unknown = {name for name in names if not self._can_resume(name)}
        asked = {"topic": names, "person": self.name, "opens_within": OPENS_WITHIN_S}
        async with Stream(self._port, last_event_id=self._position, **asked) as stream:
            self.met[str(stream.status)] += 1
            self._trail.append(f"{stream.status} from {self._position} for {names}")
            if stream.status == 204:
                assert all(witness.ended for witness in self.witnesses.values()), "told to stop too early"
                self._stopped = True
            elif stream.status == 503:
                await asyncio.sleep(self._chance.uniform(0.1, 0.5))
            else:
                assert stream.status == 200
                await self._listen(stream, names)

    def _can_resume(self, topic: str) -> bool:
        if self._position is None:
            return True  # nothing to resume: it is told all, without a reset
        cursor = Cursor.parse(self._position)
        nowhere = cursor.of(topic, NOWHERE.epoch)
        cut_off_in_its_story = nowhere is not None and nowhere.epoch == NOWHERE.epoch
        return topic in self._placed and not cut_off_in_its_story

    async def _listen(self, stream: Stream, names: list[str]) -> None:
        while not self._may_leave and (event := await stream.next(SILENCE_S)) is not None:
            self.met["events"] += 1
            self._trail.append(f"{event.id} {event.data[:120]}")
            if event.data == "[DONE]":
                assert all(witness.ended for witness in self.witnesses.values())
            elif event.part["type"] == "data-pulse":
                assert event.id is None
            else:
                self._take(event, names)

    def _take(self, event: Event, names: list[str]) -> None:
        part = event.part
        assert event.id, part
        # Before it is judged: a browser, too, has the position of what it stumbles over.
        self._position, self._placed = event.id, set(names)
        is_reset = part["type"] == "data-reset"
        topic = (part["data"] if is_reset else part).get("call", names[0])
        if is_reset:
            self._count_reset(topic)
        if len(names) == 1 and not self.witnesses[topic].truth.ended:
            self._compare_epoch(Position.parse(event.id))
        else:
            self._epoch = self._left = ""
        self.witnesses[topic].part(part)

    def _count_reset(self, topic: str) -> None:
        self.met["resets"] += 1
        if topic in self._unknown:
            self._unknown.discard(topic)
            return
        witness, self._left = self.witnesses[topic], self._epoch
        witness.resets_before += 1
        # Who comes back while the record is over and the log is not is told it all by the record.
        reasons = self._faults.losses + witness.truth.ended
        assert witness.resets_before <= reasons, f"{topic} is reset without a reason"

    def _compare_epoch(self, position: Position) -> None:
        """After a reset the log must have begun a new epoch."""
        if position.epoch != NOWHERE.epoch and not position.end:
            assert position.epoch != self._left, f"reset, and epoch {position.epoch} goes on"
            self._epoch, self._left = position.epoch, ""
