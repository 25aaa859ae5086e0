"""What must happen on live calls when nobody is there to do it: rules that fire, dead holders, forgotten
calls, old cards.

A call whose socket we hold has a holder who may die. One that is followed by webhooks may be told of no more.

A process role of its own. Several may run: all look out for dead holders, the one that has the lease before
the others, and it alone does the rest. The record is where they look, so nothing is forgotten when one of
them, Redis or a web process is restarted.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from channels.db import database_sync_to_async
from django.db import Error
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.models import Workspace
from base.ids import first_uuid7
from calls import board, fold, services
from calls.models import Call, Event
from calls.services import Opening
from live import interrupted, leases, tasks
from live.chat import idle as resting
from live.chat.record import PLATFORMS
from live.escalations import Escalations
from live.passing import PASSING
from live.quiet import Quiet
from platforms.events import CallEnded
from streaming.log import Entry, Log

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.5
SWEEP_SECONDS = 60.0
# After the lease has run out: a Redis that lost its data gives every holder this long to say it is there.
DEAD_SECONDS = 2.5
FOLLOWER_SECONDS = 0.8  # longer; then whoever leads has died in the act
# From the holder's last sign of life: platforms have stopped dialling again by then.
GIVE_UP_SECONDS = 45.0 - leases.SECONDS
UNFINISHED = timedelta(seconds=20)
RECENT = timedelta(minutes=10)
MOST_LATE = 500  # a sweep; an import of old calls tells of itself


class Watch:
    """`dead` and `give_up`: seconds after a lease has run out until watchers are told, and the call ended.
    `idle`: how long nobody says anything in a chat before it has ended."""

    def __init__(
        self,
        *,
        dead: float = DEAD_SECONDS,
        give_up: float = GIVE_UP_SECONDS,
        idle: timedelta = resting.IDLE,
    ) -> None:
        self._dead, self._give_up, self._idle = dead, give_up, idle
        self._redis = leases.connect()
        self._log = Log()
        self._name = secrets.token_hex(8)
        self._missing: dict[UUID, float] = {}  # live calls without a holder, and since when
        self._told: set[UUID] = set()  # of those: watchers know
        # Of calls that have ended, and when that was seen: their cards are gone, their topics know it.
        self._gone: dict[UUID, datetime] = {}
        self._over: dict[UUID, datetime] = {}
        self._refused: set[tuple[UUID, str]] = set()  # calls, and what can never be done for them
        self._quiet = Quiet()
        self._escalations = Escalations(self._redis, self._log)
        self._swept = float("-inf")
        self._healthy = True

    async def run(self) -> None:
        """Watch until cancelled. What cannot be reached for a while is waited for."""
        try:
            while True:
                await self._tick()
                await asyncio.sleep(TICK_SECONDS)
        finally:
            await self.close()

    async def close(self) -> None:
        await self._redis.aclose()
        await self._log.close()

    async def _tick(self) -> None:
        try:
            await self.look(leading=await leases.lead(self._redis, "watch", self._name))
            self._healthy = True
        except (RedisError, Error, OSError) as error:
            if self._healthy:
                logger.warning("the watch cannot see: %s", type(error).__name__)
            self._healthy = False
            # What was missing meanwhile may only have been out of sight.
            self._missing.clear()

    async def look(self, *, leading: bool = True) -> None:
        """Look once at everything there is to look at."""
        now = asyncio.get_running_loop().time()
        live = await _live_calls()
        await self._look_after_orphans(live, now, leading)
        if not leading:
            return
        await self._escalations.look()
        horizon = timezone.now() - 2 * RECENT
        for seen in (self._gone, self._over):
            for call_id in [call_id for call_id, at in seen.items() if at < horizon]:
                del seen[call_id]
        ended = await _ended_lately(self._gone.keys() & self._over.keys())
        self._refused = {
            (call_id, work)
            for call_id, work in self._refused
            if call_id in {call.pk for call in (*live, *ended)}
        }
        for call in ended:
            await self._do(self._look_after_ended, call)
        if now - self._swept > SWEEP_SECONDS:
            self._swept = now
            await self._look_after_quiet()
            await self._look_after_idle()
            await self._look_after_late()
            await self._sweep()

    async def _do(self, work: Callable[[Call], Awaitable[None]], call: Call) -> None:
        """Work for one call. What can never be done for it is reported once, and is no other call's harm."""
        key = (call.pk, work.__name__)
        if key in self._refused:
            return
        try:
            await work(call)
        except PASSING:
            raise
        except Exception as error:
            # By name only: the database quotes the row it refuses, and the row is what somebody said.
            logger.error("call %s: %s failed: %s", call.pk, work.__name__.strip("_"), type(error).__name__)
            self._refused.add(key)

    async def _look_after_ended(self, call: Call) -> None:
        now = timezone.now()
        if call.closed_at is None and call.ended_at + UNFINISHED < now:
            await _finish(call.pk)
        if call.pk not in self._gone and board.over(call):
            await self._say(board.removal(call))
            self._gone[call.pk] = now
        overdue = call.pk not in self._over and call.closed_at and call.closed_at + board.LINGER < now
        # Redis may have been away, or the process gone, just when it was to be told.
        if overdue and await _tell_end(call.pk):
            self._over[call.pk] = now

    async def _look_after_late(self) -> None:
        """Ends that were told late: whoever wrote one down may have died before it told anybody."""
        for call in await _told_late(self._over.keys()):
            await self._do(self._look_after_ended, call)

    # Calls whose process has died.

    async def _look_after_orphans(self, live: list[Call], now: float, leading: bool) -> None:
        held = await leases.held(self._redis, [call.pk for call in live])
        orphans = {call.pk: call for call in live if call.pk not in held}
        self._missing = {call_id: self._missing.get(call_id, now) for call_id in orphans}
        self._told &= orphans.keys()
        dead = self._dead if leading else self._dead + FOLLOWER_SECONDS
        for call_id, since in self._missing.items():
            if now - since >= dead and call_id not in self._told:
                await self._do(self._tell, orphans[call_id])
                self._told.add(call_id)
            # A chat that nobody is answering in is at rest.
            if leading and now - since >= self._give_up and orphans[call_id].platform not in PLATFORMS:
                await self._do(_give_up, orphans[call_id])

    async def _tell(self, call: Call) -> None:
        if await interrupted.tell(self._log, call, self._is_held):
            logger.warning("call %s: its process died in the middle of an answer", call.pk)

    async def _is_held(self, call: Call) -> bool:
        return bool(await leases.held(self._redis, [call.pk]))

    async def _look_after_idle(self) -> None:
        for chat in await in_a_thread(resting.idle)(self._idle):
            await self._do(self._end_idle, chat)

    async def _end_idle(self, chat: Call) -> None:
        await in_a_thread(resting.end)(chat, self._idle)

    # Calls that webhooks told of, and tell of no more.

    async def _look_after_quiet(self) -> None:
        due, hopeless = await in_a_thread(self._quiet.due)()
        for call in due:
            await self._do(_ask_after, call)
        for call in hopeless:
            await self._do(_give_up_waiting, call)

    # The board.

    async def _sweep(self) -> None:
        """Take away cards of calls that are over: left by a time when nobody watched."""
        for workspace_id in await _workspaces():
            on_board = await _on_board(workspace_id)
            for topic in (board.topic(workspace_id), board.facts_topic(workspace_id)):
                page = await self._log.snapshot(topic)
                shown = [orjson.loads(item.data) for item in page.entries]
                old = {part["id"] for part in shown if part["type"] == "data-card"} - on_board
                if old:
                    await self._log.append(topic, [board.gone(call_id) for call_id in sorted(old)])

    async def _say(self, entries: Iterable[tuple[str, Entry]]) -> None:
        for topic, entry in entries:
            await self._log.append(topic, [entry])


def in_a_thread(work):
    return database_sync_to_async(work, thread_sensitive=False)


@in_a_thread
def _live_calls() -> list[Call]:
    return list(Call.objects.live().filter(level=Call.Level.TOKEN))


@in_a_thread
def _ended_lately(known: Collection[UUID]) -> list[Call]:
    lately = Call.objects.filter(ended_at__gt=timezone.now() - RECENT).exclude(pk__in=known)
    return list(lately.select_related("agent", "version"))


@in_a_thread
def _told_late(known: Collection[UUID]) -> list[Call]:
    """Calls that ended longer ago, and whose end we have been told of only lately."""
    since = timezone.now() - RECENT
    told = Event.objects.filter(id__gte=first_uuid7(int(since.timestamp() * 1000)), kind=CallEnded.__name__)
    late = Call.objects.filter(pk__in=told.values("call_id"), ended_at__lte=since).exclude(pk__in=known)
    return list(late.select_related("agent", "version").order_by("-ended_at")[:MOST_LATE])


@in_a_thread
def _workspaces() -> list[UUID]:
    return list(Workspace.objects.values_list("pk", flat=True))


@in_a_thread
def _on_board(workspace_id: UUID) -> set[str]:
    return {str(call_id) for call_id in board.shown_on(workspace_id).values_list("pk", flat=True)}


@in_a_thread
def _finish(call_id: UUID) -> None:
    services.finish(call_id)


@in_a_thread
def _tell_end(call_id: UUID) -> bool:
    return services.tell_end(call_id)


async def _give_up(call: Call) -> None:
    logger.warning("call %s: nobody came back for it", call.pk)
    await _end(call, timezone.now(), "connection_lost")


async def _ask_after(call: Call) -> None:
    await in_a_thread(tasks.ask_after)(call)


async def _give_up_waiting(call: Call) -> None:
    logger.warning("call %s: nobody has told of it for a day", call.pk)
    # It ended some time after this, and nobody knows when.
    await _end(call, call.heard_at, "no_news")  # type: ignore[attr-defined]  # live/quiet.py adds it


@in_a_thread
def _end(call: Call, at: datetime, reason: str) -> None:
    ended = CallEnded(at=at, reason=reason, outcome="failed")
    services.record(
        call.workspace_id,
        call.platform,
        call.platform_call_id,
        [ended],
        source=fold.WATCH,
        opening=Opening(started_at=call.started_at),
    )
