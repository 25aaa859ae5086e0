"""One call's line: what is said on it goes through here, to the platform, watchers and the record."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from channels.db import database_sync_to_async
from django.db import transaction
from django.utils import timezone

from agents.registry import ToolContext
from agents.services import RunningAgent
from calls import board, fold, parts, services
from calls.models import LONGEST_MS, Call, Turn
from calls.services import Opening, Recorded
from live.digest import Digest, Kept, kept_of
from live.locks import hold_briefly
from live.pictures import Pictures
from live.process import writer
from live.scribe import Scribe
from platforms.events import CallEvent, CallStarted
from streaming.log import Entry

SEND_SECONDS = 10.0  # a platform that takes no frame for so long is gone
BOARD_SECONDS = 0.25

Send = Callable[[str], Awaitable[None]]


class LineLost(Exception):
    """The platform cannot be reached on this socket any more."""


class Line:
    """What a call's turns share while a process holds it. Made from its record, so it can be taken over.

    Numbers go on from the record; times are milliseconds since the call began, on this machine's clock.
    """

    def __init__(
        self,
        agent: RunningAgent,
        platform: str,
        call: Call,
        turns: Sequence[Turn],
        send: Send,
        digest: Kept | None = None,
    ):
        self.agent = agent
        self.call = call
        self.turns = {turn.key: turn for turn in turns}
        self.digest = Digest(call, digest)
        self.topic = parts.topic(call)
        self.writer = writer()
        self.pictures = Pictures(self._draw_card, seconds=BOARD_SECONDS)
        self.now: Callable[[], board.Now | None] = lambda: None  # the conversation knows
        self._platform = platform
        self._scribe = Scribe(f"call {call.pk}", self._take)
        self._send = send
        self._lost = False
        self._last_number = max((turn.n for turn in turns), default=0)
        age = (timezone.now() - call.started_at) / timedelta(milliseconds=1)
        self._began = time.monotonic() * 1000 - age

    # Time and numbers.

    def ms(self) -> int:
        return min(max(0, round(time.monotonic() * 1000 - self._began)), LONGEST_MS)

    def at(self, ms: int) -> datetime:
        return self.call.started_at + timedelta(milliseconds=ms)

    def take_number(self) -> int:
        self._last_number += 1
        return self._last_number

    def give_back(self, number: int) -> None:
        """A turn came to nothing: the next one takes its number, if nobody has taken one since."""
        if number == self._last_number:
            self._last_number -= 1

    def tool_context(self) -> ToolContext:
        """For whom the call's tools work."""
        agent, call = self.agent, self.call
        return ToolContext(
            agent.workspace_id, call.pk, agent.agent_id, call.caller_number, call.platform_call_id
        )

    # To the platform.

    async def send(self, frame: str) -> None:
        """One frame to the platform, or LineLost."""
        if self._lost:
            raise LineLost
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._send(frame)
        except (OSError, RuntimeError, TimeoutError) as error:
            # What ASGI servers raise for a socket that has closed differs; all of it means this.
            self._lost = True
            raise LineLost from error

    def lose(self) -> None:
        """The socket has closed."""
        self._lost = True

    # To watchers.

    def show(self, *entries: Entry) -> None:
        self.writer.put(self.topic, *entries)

    def delta(self, key: str, text: str) -> None:
        """More words of an answer."""
        self.writer.delta(self.topic, key, key, text)

    def show_call(self) -> None:
        self.show(parts.call_entry(self.call))

    async def reread(self) -> None:
        """Somebody else wrote something down about the call: cards show it from now on."""
        call = await _read(self.call)
        if call and call.revision > self.call.revision:
            self.call = call
            self.changed()

    def changed(self) -> None:
        """Something a card shows has changed."""
        self.pictures.touch()

    def _draw_card(self) -> None:
        turns = sorted(self.turns.values(), key=lambda turn: turn.n)
        for topic, entry in board.entries(self.call, board.card(self.call, turns, self.now())):
            self.writer.put(topic, entry)

    # Into the record, and from there to watchers.

    def write(
        self,
        *events: CallEvent,
        source: str = fold.SOCKET,
        shown: Callable[[Turn], bool] = lambda turn: True,
    ) -> None:
        """Have facts recorded; the turns they make are shown as final once that is done.

        `shown` may keep a turn from being shown: something newer about it is already on the page.
        """
        self._scribe.write(events, source, lambda recorded: self._recorded(recorded, shown))

    def note(self, event: CallEvent) -> None:
        """Have a fact recorded that changes nothing anybody is shown."""
        self._scribe.write([event], fold.SOCKET)

    def _take(self, events: Sequence[CallEvent], source: str) -> Recorded:
        call = self.call
        opening = Opening(started_at=call.started_at, level=Call.Level.TOKEN)
        with transaction.atomic():
            hold_briefly()
            return services.record_quietly(
                call.workspace_id,
                self._platform,
                call.platform_call_id,
                events,
                source=source,
                opening=opening,
            )

    def _recorded(self, recorded: Recorded, shown: Callable[[Turn], bool]) -> None:
        if recorded.call.revision >= self.call.revision:  # it may have been reread meanwhile
            self.call = recorded.call
        if not recorded.about:
            self.show_call()
        for turn in recorded.about:
            if shown(turn):
                self.show(parts.turn_entry(turn))
            turn.stream, turn.words = [], []  # in the record now, and nothing here asks for them again
            self.turns[turn.key] = turn
        self.changed()

    async def close(self, seconds: float) -> None:
        """Write and show what is left. Takes `seconds` at most, twice over."""
        await self._scribe.finished(seconds)
        await self._scribe.close()
        self.pictures.draw_now()
        await self.writer.flush(self.topic, seconds)


@partial(database_sync_to_async, thread_sensitive=False)
def _read(call: Call) -> Call | None:
    return Call.objects.select_related("agent", "version").filter(pk=call.pk).first()


@dataclass(frozen=True, slots=True)
class TakenUp:
    call: Call
    turns: list[Turn]
    first: bool  # nobody has held this call before: it has just begun
    digest: Kept | None  # of what was said before


def take_up(agent: RunningAgent, platform: str, call_id: str, trace_id: str) -> TakenUp:
    """Find or make the record of a call whose socket has opened. Runs in a thread."""
    found = Call.objects.for_workspace(agent.workspace_id).filter(platform=platform, platform_call_id=call_id)
    before = found.first()
    now = timezone.now()
    first = before is None or before.level != Call.Level.TOKEN
    # One that was given up and comes back is told of again: that takes its end back.
    begins = first or before.ended_at is not None
    opening = Opening(
        started_at=now,
        level=Call.Level.TOKEN,
        connection_id=agent.connection_id,
        agent_id=agent.agent_id,
        version_id=agent.version_id,
        trace_id=trace_id,
    )
    recorded = services.record_quietly(
        agent.workspace_id,
        platform,
        call_id,
        [CallStarted(at=now)] if begins else [],
        source=fold.SOCKET,
        opening=opening,
    )
    turns = Turn.objects.filter(call=recorded.call).defer("stream", "words")
    return TakenUp(recorded.call, list(turns), first, None if first else kept_of(recorded.call))
