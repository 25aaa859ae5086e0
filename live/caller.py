"""The caller's turns, from a transcript that grows word by word and may still change its mind."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from calls.models import Turn
from live.line import Line
from live.pictures import Pictures
from platforms.events import TurnSpoken, Word
from platforms.retell.transcript import Utterance
from streaming.log import Entry

PICTURE_SECONDS = 0.125


@dataclass(slots=True)
class CallerTurn:
    key: str
    n: int
    text: str
    start_ms: int
    end_ms: int
    words: tuple[Word, ...] = ()
    stream: list[tuple[int, str]] = field(default_factory=list)  # the pictures that were shown
    written: str | None = None  # the words that were last sent to the record

    @property
    def speaking(self) -> bool:
        return self.text != self.written

    def entry(self) -> Entry:
        data = {
            "n": self.n,
            "key": self.key,
            "role": "caller",
            "text": self.text,
            "state": "speaking",
            "start_ms": self.start_ms,
            "end_ms": self.end_ms,
        }
        return Entry({"type": "data-turn", "id": self.key, "data": data}, group=self.key, whole=True)


class Caller:
    def __init__(self, line: Line) -> None:
        self._line = line
        self._turns = {
            turn.key: CallerTurn(
                turn.key, turn.n, turn.text, turn.start_ms, turn.end_ms or turn.start_ms, written=turn.text
            )
            for turn in line.turns.values()
            if turn.role == Turn.Role.CALLER
        }
        self.latest: CallerTurn | None = None
        self._pictures = Pictures(self._draw, seconds=PICTURE_SECONDS)

    @property
    def end_ms(self) -> int | None:
        """When the caller last said anything, as far as we know."""
        return self.latest.end_ms if self.latest else None

    def hear(self, transcript: Sequence[Utterance], *, over: bool) -> None:
        """Take in all that was said so far. `over`: an answer is wanted, so the caller has finished for now.

        They have too once the agent's words follow. Should they go on all the same, the same turn grows.
        """
        for index, utterance in enumerate(transcript):
            if utterance.role != "caller":
                continue
            turn = self._take_in(utterance)
            last = index == len(transcript) - 1
            if turn.speaking and (over or not last):
                self._finish(turn)

    def hang_up(self) -> None:
        """Nothing more will come."""
        for turn in self._turns.values():
            if turn.speaking:
                self._finish(turn)

    def _take_in(self, utterance: Utterance) -> CallerTurn:
        turn = self._turns.get(utterance.key)
        now = self._line.ms()
        if turn is None:
            turn = CallerTurn(utterance.key, self._line.take_number(), "", now, now)
            self._turns[utterance.key] = turn
        if utterance.text != turn.text:
            turn.text, turn.words, turn.end_ms = utterance.text, utterance.words, now
            self.latest = turn
            self._pictures.touch()
            self._line.changed()
        return turn

    def _draw(self) -> None:
        turn = self.latest
        if turn and turn.speaking:
            turn.stream.append((turn.end_ms, turn.text))
            self._line.show(turn.entry())

    def _finish(self, turn: CallerTurn) -> None:
        if turn is self.latest and (not turn.stream or turn.stream[-1][1] != turn.text):
            self._pictures.draw_now()
        # The last word may have gone on a little after we heard of it, but not until now.
        last_word = turn.words[-1].end_ms if turn.words else 0
        turn.end_ms = min(self._line.ms(), max(turn.end_ms, last_word))
        turn.written = turn.text
        said = TurnSpoken(
            turn=turn.key,
            at=self._line.at(turn.end_ms),
            role="caller",
            text=turn.text,
            start_ms=turn.start_ms,
            end_ms=turn.end_ms,
            n=turn.n,
            words=turn.words,
            stream=tuple(turn.stream),
        )
        # If they go on meanwhile, what they say now is on the page already.
        self._line.write(said, shown=lambda row: row.text == turn.text)
