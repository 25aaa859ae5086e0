"""What has been spent since a time, added up in Redis for all processes while answers are under way.

The records are the truth (ModelCall). A counter is what they will say once all that runs is written down:
their sum, costs settled and not yet recorded, and amounts held for answers that have not ended. So a counter
may be lost at any time, and is begun anew from the records. All of a workspace share a hash tag.

Amounts are whole numbers of 0.00000001 USD.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import Error
from django.db.models import Q, Sum
from django.utils import timezone

from agents.lookup import Lookup
from agents.models import ModelCall
from base.ids import first_uuid7
from base.shared import Away, Shared

logger = logging.getLogger(__name__)

USD = 100_000_000
HELD_SECONDS = 300  # a process that dies lets go of what it held
COSTS_SECONDS = 120  # far longer than a record waits to be written, unless the database is away
KEPT_SECONDS = 86_400  # without being asked for
COUNTED_EVERY = 300  # by one of all processes, while it is asked for: mends what an outage has left behind
COUNTED_SOON = 5  # again after Redis had forgotten: other processes had costs that were not recorded yet
COUNT_SECONDS = 1.0  # at most, while somebody waits
AGAIN_SECONDS = 1.0  # between tries to have something let go of
DRAIN_SECONDS = 2.0
FRESH_SECONDS = 2.0
ALONE_SECONDS = 15.0  # between looks at the records while Redis is away
MOST_KNOWN = 5_000
_LUA = Path(__file__).parent / "lua"


@dataclass(frozen=True, slots=True)
class Counter:
    """The spend of a workspace, of one of its agents or of one call; since a time, or since ever."""

    workspace_id: UUID
    agent_id: UUID | None = None
    call_id: UUID | None = None
    since: datetime | None = None
    # Whose it is: while a budget was gone nobody counted for it, so one that is set again begins anew.
    budget_id: UUID | None = None

    @property
    def key(self) -> str:
        when = f":{self.since:%Y%m%d}" if self.since else ""
        return f"budget:{{{self.workspace_id}}}:{self.call_id or self.budget_id}{when}"


@dataclass(frozen=True, slots=True)
class Hold:
    """An amount kept back on some counters for an answer that has not ended."""

    name: str  # its record's id
    counters: tuple[Counter, ...]
    amount: int


@dataclass(slots=True)
class _Known:
    """What this process knows of a counter."""

    spent: int = 0
    held: int = 0  # by all processes
    # What we hold ourselves: by name the amount, and whether Redis knows.
    own: dict[str, tuple[int, bool]] = field(default_factory=dict)
    told_at: float = float("-inf")
    unsure: bool = False  # a cost of ours did not reach Redis, or Redis forgot: count before relying on it

    @property
    def all_own(self) -> int:
        return sum(amount for amount, _ in self.own.values())

    @property
    def untold(self) -> int:
        return sum(amount for amount, told in self.own.values() if not told)

    def told(self, spent: int, held: int) -> None:
        self.spent, self.held, self.told_at = spent, held, monotonic()

    def doubt(self) -> None:
        self.unsure = True
        self.own = {name: (amount, False) for name, (amount, _) in self.own.items()}


class Counters:
    """Bound to one event loop."""

    def __init__(self, shared: Shared, *, count_seconds: float = COUNT_SECONDS) -> None:
        self._shared = shared
        self._count_seconds = count_seconds
        self._hold, self._settle, self._count = (
            shared.client.register_script((_LUA / f"{name}.lua").read_text())
            for name in ("hold", "settle", "count")
        )
        self._known: dict[Counter, _Known] = {}  # used longest ago first
        self._settling: dict[UUID, set[asyncio.Task[None]]] = {}  # by workspace
        self._counting: dict[Counter, asyncio.Task[None]] = {}
        # Settled, and Redis holds it still: until when.
        self._untold: dict[str, tuple[Hold, float]] = {}
        self._telling: asyncio.Task[None] | None = None
        self._recorded: Lookup[Counter, int] = Lookup(lambda one: read(one)[0], seconds=ALONE_SECONDS)

    async def hold(
        self, name: str, counters: Sequence[Counter], limits: Sequence[int | None], amount: int
    ) -> Hold | Counter:
        """Hold `amount` on all of them, or answer the first that has reached its limit.

        Only the last amount held may go over a limit: by less than itself. Without Redis this process holds
        to the limits alone, by the records and what it holds itself.
        """
        held = Hold(name, tuple(counters), amount)
        await self._have_settled(counters[0].workspace_id)
        asking = asyncio.create_task(self._hold_in_redis(held, limits))
        try:
            refused = await asyncio.shield(asking)
            told = True
        except asyncio.CancelledError:
            self._behind(held, self._let_go(held, asking))
            raise
        except (Away, Error, TimeoutError):
            # No answer came, and yet it may be held there. From here on it is held by us alone.
            self._behind(held, self._tell(held, 0))
            await self._read(counters)
            refused = self._reached(counters, limits)
            told = False
        if refused is not None:
            return refused
        for counter in counters:
            self._know(counter).own[name] = (amount, told)
        return held

    def settle(self, hold: Hold, cost: int) -> None:
        """Let go of a hold and add what it cost. Told to Redis behind the caller's back."""
        for counter in hold.counters:
            known = self._know(counter)
            known.own.pop(hold.name, None)
            known.spent += cost
        self._behind(hold, self._tell(hold, cost))

    async def used(self, counters: Sequence[Counter]) -> list[int]:
        """Spent and held on each, a moment ago at most."""
        await self._have_settled(counters[0].workspace_id)
        known = [self._know(counter) for counter in counters]
        oldest = min(one.told_at for one in known)
        if oldest < monotonic() - FRESH_SECONDS or any(one.unsure for one in known):
            try:
                await self._look(counters)
            except (Away, Error, TimeoutError):
                await self._read(counters)
                return [one.spent + one.all_own for one in known]
        return [one.spent + one.held + one.untold for one in known]

    def spent(self, counter: Counter) -> int:
        """As this process was told last, without what is held."""
        return self._know(counter).spent

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Wait until what was settled has been told, or could not be; what takes longer is given up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while under_way := self._under_way():
                    await asyncio.gather(*under_way, return_exceptions=True)

    def _under_way(self) -> list[asyncio.Task[None]]:
        telling = [self._telling] if self._telling and not self._telling.done() else []
        return [*chain(*self._settling.values()), *self._counting.values(), *telling]

    # --- With Redis ---------------------------------------------------------------------------------------

    async def _hold_in_redis(self, hold: Hold, limits: Sequence[int | None]) -> Counter | None:
        """The counter in the way, if there is one."""
        counters = hold.counters
        known = [self._know(counter) for counter in counters]
        keys = [counter.key for counter in counters]
        for _ in range(2):
            await self._be_sure(counters)
            flat = [
                value
                for limit, one in zip(limits, known, strict=True)
                for value in (-1 if limit is None else limit, one.untold)
            ]
            arguments: list[Any] = [hold.name, hold.amount, HELD_SECONDS, KEPT_SECONDS, COUNTED_EVERY, *flat]
            answer = await self._shared.ask(lambda: self._hold(keys=keys, args=arguments))  # noqa: B023
            if answer[0] >= 0:
                for n, counter in enumerate(counters):
                    spent, held, due = answer[1 + 3 * n : 4 + 3 * n]
                    known[n].told(spent, held)
                    if due:
                        self._counted(counter)
                return counters[answer[0] - 1] if answer[0] else None
            for number in answer[1:]:
                known[number - 1].doubt()
        raise Away

    async def _look(self, counters: Sequence[Counter]) -> None:
        async def question() -> list[list[bytes | None]]:
            pipeline = self._shared.client.pipeline(transaction=False)
            for counter in counters:
                pipeline.hmget(counter.key, "spent", "held")
            return await pipeline.execute()

        await self._be_sure(counters)
        for counter, (spent, held) in zip(counters, await self._shared.ask(question), strict=True):
            if spent is None:
                self._know(counter).doubt()
            else:
                self._know(counter).told(int(spent), int(held or 0))
        await self._be_sure(counters)

    async def _tell(self, hold: Hold, cost: int) -> None:
        if await self._told(hold, cost):
            return
        if cost:
            for counter in hold.counters:
                self._know(counter).unsure = True
        if len(self._untold) < MOST_KNOWN:
            self._untold[hold.name] = hold, monotonic() + HELD_SECONDS
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_again())

    async def _tell_again(self) -> None:
        """Until Redis has let go of all; in the end it does so by itself.

        Costs are not told again but found in the records: whoever had counted those would count them twice.
        """
        while self._untold:
            await asyncio.sleep(AGAIN_SECONDS)
            for name, (hold, until) in list(self._untold.items()):
                if monotonic() < until and not await self._told(hold, 0):
                    break
                del self._untold[name]
                for counter in hold.counters:
                    if self._know(counter).unsure:
                        self._counted(counter)

    async def _told(self, hold: Hold, cost: int) -> bool:
        """Whether Redis has heard of it."""
        arguments: list[Any] = [hold.name, hold.amount, cost, COSTS_SECONDS, KEPT_SECONDS]
        keys = [counter.key for counter in hold.counters]
        try:
            answer = await self._shared.ask(lambda: self._settle(keys=keys, args=arguments))
        except Away:
            return False
        for n, counter in enumerate(hold.counters):
            spent, held = answer[2 * n], answer[2 * n + 1]
            if spent < 0:
                self._know(counter).doubt()
            else:
                self._know(counter).told(spent, held)
        return True

    async def _let_go(self, hold: Hold, asking: "asyncio.Task[Counter | None]") -> None:
        """Of what was asked for by somebody who has given up meanwhile, unless it is known to be refused."""
        await asyncio.wait([asking])
        if asking.cancelled() or asking.exception() or asking.result() is None:
            await self._tell(hold, 0)

    def _behind(self, hold: Hold, telling: Coroutine[Any, Any, None]) -> None:
        """Have Redis told, behind the caller's back; whoever asks next for this workspace waits for it."""
        workspace_id = hold.counters[0].workspace_id
        task = asyncio.create_task(telling)
        self._settling.setdefault(workspace_id, set()).add(task)
        task.add_done_callback(lambda done: self._has_told(workspace_id, done))

    def _has_told(self, workspace_id: UUID, task: asyncio.Task[None]) -> None:
        tasks = self._settling[workspace_id]
        tasks.discard(task)
        if not tasks:
            del self._settling[workspace_id]
        if not task.cancelled() and task.exception():
            logger.error("what an answer cost could not be counted", exc_info=task.exception())

    async def _have_settled(self, workspace_id: UUID) -> None:
        # What the attempt before this one held would stand in the way of the next.
        if tasks := self._settling.get(workspace_id):
            await asyncio.wait(tasks)

    # --- From the records ---------------------------------------------------------------------------------

    async def _be_sure(self, counters: Sequence[Counter]) -> None:
        unsure = [counter for counter in counters if self._know(counter).unsure]
        if unsure:
            await self._shared.ask(self._shared.client.ping)  # reading all records would be for nothing
            async with asyncio.timeout(self._count_seconds):
                await asyncio.gather(*(asyncio.shield(self._counted(counter)) for counter in unsure))

    def _counted(self, counter: Counter) -> "asyncio.Task[None]":
        """The task that counts it, one for all who wait."""
        if counter not in self._counting:
            task = self._counting[counter] = asyncio.create_task(self._count_anew(counter))
            task.add_done_callback(lambda done: self._has_counted(counter, done))
        return self._counting[counter]

    async def _count_anew(self, counter: Counter) -> None:
        known = self._know(counter)
        again = COUNTED_SOON if known.unsure else COUNTED_EVERY
        known.unsure = False
        try:
            total, names = await _read(counter)
            arguments = [total, KEPT_SECONDS, again, *names]
            spent, held = await self._shared.ask(lambda: self._count(keys=[counter.key], args=arguments))
        except BaseException:
            known.unsure = True
            raise
        known.told(spent, held)

    def _has_counted(self, counter: Counter, task: asyncio.Task[None]) -> None:
        del self._counting[counter]
        if not task.cancelled() and (error := task.exception()):
            logger.warning("%s could not be counted anew: %r", counter.key, error)

    # --- Alone --------------------------------------------------------------------------------------------

    async def _read(self, counters: Sequence[Counter]) -> None:
        """What is spent at least, from records that are a few seconds old at most."""
        for counter in counters:
            try:
                async with asyncio.timeout(self._count_seconds):
                    recorded = await self._recorded.get(counter)
            except (Error, TimeoutError) as error:
                logger.warning("%s is not known: %s", counter.key, type(error).__name__)
            else:
                known = self._know(counter)
                known.spent = max(known.spent, recorded)

    def _reached(self, counters: Sequence[Counter], limits: Sequence[int | None]) -> Counter | None:
        """The first that has reached its limit as far as we know. Waits for nothing: who asks together is
        counted together."""
        for counter, limit in zip(counters, limits, strict=True):
            known = self._know(counter)
            if limit is not None and known.spent + known.all_own >= limit:
                return counter
        return None

    def _know(self, counter: Counter) -> _Known:
        known = self._known.pop(counter, None) or _Known()
        self._known[counter] = known
        if len(self._known) > MOST_KNOWN:
            oldest = next(iter(self._known))
            forgotten = self._known.pop(oldest)
            if forgotten.own:
                self._known[oldest] = forgotten
        return known


def read(counter: Counter) -> tuple[int, list[str]]:
    """What the records add up to, and the names of those written lately. For a thread."""
    rows = ModelCall.objects.for_workspace(counter.workspace_id)
    if counter.call_id:
        rows = rows.filter(call_id=counter.call_id)
    if counter.since:
        # A record's id is as old as its attempt, and what the index is ordered by.
        rows = rows.filter(id__gte=first_uuid7(round(counter.since.timestamp() * 1_000)))
    if counter.agent_id:
        rows = rows.filter(agent_id=counter.agent_id)
    lately = timezone.now() - timedelta(seconds=2 * COSTS_SECONDS)
    found: dict[str, Any] = rows.aggregate(
        total=Sum("cost_usd"), names=ArrayAgg("id", filter=Q(created_at__gte=lately), default=[])
    )
    return amount_of(found["total"] or Decimal(0)), [name.hex for name in found["names"]]


_read = database_sync_to_async(read, thread_sensitive=False)


def amount_of(usd: Decimal) -> int:
    return round(usd * USD)
