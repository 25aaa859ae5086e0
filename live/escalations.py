"""Escalation rules on live calls: followed by the watch, each firing written down once and acted on.

What happened is read from the record, newest first seen: a few queries a look, however many calls there are.
Nothing is kept but here, so whoever takes the watch over begins with what the record says: which rules have
fired is known there, and a firing has a key that is written down once.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import orjson
import redis.asyncio
from channels.db import database_sync_to_async
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agents.models import AgentVersion
from agents.rules import form
from agents.rules.fold import Firing
from agents.rules.follow import Follow
from agents.rules.form import Rule
from base.ids import first_uuid7
from calls import parts, services
from calls.models import Call, Event
from live import happenings, leases, orders
from live.chat.record import PLATFORM as CHAT
from live.happenings import Cost, Told
from live.locks import hold_briefly
from live.orders import Order
from live.passing import PASSING
from platforms.events import RuleFired
from streaming.log import Log

logger = logging.getLogger(__name__)

# Of a call, what is read of it at every look.
COLUMNS = (
    "workspace_id", "platform", "platform_call_id", "channel", "level", "version_id", "started_at",
    "ended_at", "closed_at", "alerts",
)  # fmt: skip
ACTS = (orders.TRANSFER, orders.END)  # what changes a call for good
# Facts are dated before they are committed: so far back is looked for what came late. What comes later still
# is taken in when the call has ended.
OVERLAP = timedelta(seconds=10)
FRESH_MS = 5_000  # for so long after it fell due, a firing may end a call or hand it over
# Between one end or transfer and the next: until then, the first is still being spoken of.
ACTING = timedelta(seconds=15)
ASKED_AGAIN = timedelta(seconds=1)  # who is speaking, while a silence is held back
SETTLED = timedelta(minutes=1)  # after its end: a call that ended while nobody watched is still looked at


@dataclass(slots=True)
class Followed:
    """A call whose version has rules."""

    call: Call
    follow: Follow
    ends: dict[str, int] = field(default_factory=dict)  # of turns, as far as the record has them
    fired: set[tuple[str, int]] = field(default_factory=set)  # (rule, occurrence)
    acted_at: datetime | None = None  # the last end or transfer that was ordered
    speaking: tuple[datetime, float] | None = None  # when it was asked, since when somebody was

    @property
    def is_over(self) -> bool:
        """Nobody adds to it any more but by telling late."""
        return self.call.closed_at is not None

    @property
    def cares_for_cost(self) -> bool:
        return any(rule.trigger == "cost" for rule in self.follow.rules)

    def take(self, told: Sequence[Told], costs: Iterable[Cost]) -> None:
        """What has become known since, or all there is to know of one that is over."""
        for row in told:
            self.ends[row.turn] = max(self.ends.get(row.turn, 0), row.end_ms or 0)
        happened = happenings.happenings if self.is_over else happenings.news
        self.follow.take(happened(self.call, told, costs))

    def may_act(self, firing: Firing, now: datetime) -> bool:
        """Whether it is early enough to do more than flag it: what fell due while nobody could look is past,
        and so is a call that was just handed over. A note for the agent is never too late."""
        if firing.rule.do not in ACTS:
            return True
        late = (now - self.call.started_at) // timedelta(milliseconds=1) - firing.at_ms
        return late <= FRESH_MS and (self.acted_at is None or now - self.acted_at > ACTING)

    def due(self, now: datetime) -> list[Firing]:
        """What fires by now, and has not."""
        until = max(0, (now - self.call.started_at) // timedelta(milliseconds=1))
        if self.call.duration_ms is not None:
            until = min(until, self.call.duration_ms)
        firings = self.follow.firings(until)
        return [firing for firing in firings if (firing.rule.id, firing.occurrence) not in self.fired]


class Escalations:
    """All of them. Asked to look every half second by the watch that leads."""

    def __init__(self, client: redis.asyncio.Redis, log: Log) -> None:
        self._redis, self._log = client, log
        self._followed: dict[UUID, Followed] = {}
        self._done: set[UUID] = set()  # have ended, and were looked at for the last time
        self._versions: dict[UUID, tuple[tuple[Rule, ...], str]] = {}  # rules and language
        self._seen: set[UUID] = set()  # facts of the last while
        self._paid: set[UUID] = set()
        self._looked_at: datetime | None = None

    async def look(self, now: datetime | None = None) -> None:
        """Take in what is new, and fire what is due by `now`. Raises what PASSING lists."""
        clock = (lambda: now) if now else timezone.now
        now = clock()
        await self._take_up(await _watched(now, self._followed.keys()))
        await self._take_in(now)
        await self._take_in_all([pk for pk, one in self._followed.items() if one.is_over])
        for call_id, one in list(self._followed.items()):
            try:
                await self._look_at(one, now, clock)
            except PASSING:
                raise
            except Exception as error:
                self._give_up(call_id, error)

    def _give_up(self, call_id: UUID, error: Exception) -> None:
        # By name only: it may quote what somebody said. One call's trouble is no other's.
        logger.error("call %s: its rules failed: %s", call_id, type(error).__name__)
        self._forget(call_id)

    # What is known.

    async def _take_up(self, calls: list[Call]) -> None:
        self._done &= {call.pk for call in calls}
        calls = [call for call in calls if call.pk not in self._done]
        wanted = {call.version_id for call in calls}
        self._versions = {pk: version for pk, version in self._versions.items() if pk in wanted}
        self._versions |= await _versions(wanted - self._versions.keys())
        here = {call.pk for call in calls}
        self._followed = {pk: one for pk, one in self._followed.items() if pk in here}
        new = [call for call in calls if not self._knows(call)]
        if new:
            await self._begin(new)

    def _knows(self, call: Call) -> bool:
        """Take in what has changed of a call that is followed; False if it has to be followed anew."""
        one = self._followed.get(call.pk)
        if one is None:
            return False
        before, one.call = one.call, call
        same = ("version_id", "started_at", "level", "channel")
        return all(getattr(before, name) == getattr(call, name) for name in same)

    async def _begin(self, calls: list[Call]) -> None:
        begun: dict[UUID, Followed] = {}
        for call in calls:
            try:
                if version := self._versions.get(call.version_id):  # its agent may have been deleted since
                    begun[call.pk] = _begun(call, *version)
            except Exception as error:
                self._give_up(call.pk, error)
        # Followed only once all that is known was read: it is not read again.
        told, costs = await _told(list(begun)), await _costs(_paying(begun.values()))
        self._followed |= begun
        self._give(told, costs, begun)

    async def _take_in(self, now: datetime) -> None:
        """What was written down since the last look."""
        self._looked_at = self._looked_at or now
        since = self._looked_at - OVERLAP
        first = first_uuid7(int(since.timestamp() * 1000))
        ids = list(self._followed)
        seen = await _fact_ids(ids, first)
        paid = await _costs(_paying(self._followed.values()), pk__gte=first)
        new = seen - self._seen
        costs = [cost for cost in paid if cost.id not in self._paid]
        told = await _told_by_id(new)
        # Not before they were read: what counts as seen is not read again.
        self._looked_at, self._seen, self._paid = now, seen, {cost.id for cost in paid}
        self._give(told, costs, {one.call_id for one in (*told, *costs)})

    def _give(self, told: list[Told], costs: list[Cost], ids: Iterable[UUID]) -> None:
        facts, bills = defaultdict(list), defaultdict(list)
        for row in told:
            facts[row.call_id].append(row)
        for cost in costs:
            bills[cost.call_id].append(cost)
        for pk in ids:
            try:
                if one := self._followed.get(pk):
                    one.take(facts[pk], bills[pk])
            except Exception as error:
                self._give_up(pk, error)

    # What follows from it.

    async def _take_in_all(self, over: list[UUID]) -> None:
        """Of calls that are over, all that is known, be it told late."""
        if not over:
            return
        ended = [self._followed[pk] for pk in over]
        told, costs = await _told(over), await _costs(_paying(ended))
        for one in ended:
            one.follow = Follow(one.follow.rules, one.follow.facts)
        self._give(told, costs, over)

    async def _look_at(self, one: Followed, now: datetime, clock: Callable[[], datetime]) -> None:
        due = one.due(now)
        if due and not one.is_over:
            due = await self._without_speech(one, due, now)
        # Of an end and a transfer at once, the transfer is done.
        for firing in sorted(due, key=lambda firing: firing.rule.do == orders.END):
            await self._fire(one, firing, clock())
        if one.is_over:
            self._forget(one.call.pk)

    def _forget(self, call_id: UUID) -> None:
        self._followed.pop(call_id, None)
        self._done.add(call_id)

    async def _without_speech(self, one: Followed, due: list[Firing], now: datetime) -> list[Firing]:
        """Without silences in which somebody is speaking: the record hears of a turn once it is over."""
        silences = [firing for firing in due if firing.rule.trigger == "silence"]
        if not silences:
            return due
        if one.speaking is None or one.speaking[1] == float("inf") or now - one.speaking[0] >= ASKED_AGAIN:
            one.speaking = now, await self._speaking_since(one.call, one.ends)
        since = one.speaking[1]
        return [firing for firing in due if firing not in silences or firing.at_ms <= since]

    async def _speaking_since(self, call: Call, known: Mapping[str, int]) -> float:
        """When the earliest turn began that is not in the record yet, or goes on after what is (`known`: ends
        of turns); infinity: there is none."""
        page = await self._log.snapshot(parts.topic(call))
        began: dict[str, int] = {}
        worded: set[str] = set()
        for item in page.entries:
            part = orjson.loads(item.data)
            if part["type"] == "text-delta":
                worded.add(part["id"])
            if part["type"] != "data-turn" or part["data"]["role"] == "tool":
                continue
            turn = part["data"]
            key = turn["key"]
            if turn["state"] != "dropped" and (key not in known or (turn.get("end_ms") or 0) > known[key]):
                began[key] = turn["start_ms"]
                if turn["state"] != "thinking":
                    worded.add(key)
        return min((start for key, start in began.items() if key in worded), default=float("inf"))

    # What is done about it.

    async def _fire(self, one: Followed, firing: Firing, now: datetime) -> None:
        call, rule = one.call, firing.rule
        able = one.may_act(firing, now) and await self._can(call, rule.do)
        fired = RuleFired(
            at=now,
            rule=rule.id,
            occurrence=firing.occurrence,
            name=rule.name,
            at_ms=firing.at_ms,
            about=firing.about,
            do=rule.do,  # type: ignore[arg-type]  # the form has the same list
            done=rule.do if able else "alert",  # type: ignore[arg-type]
            say=rule.say,
        )
        written = await _write(call, fired)
        one.fired.add((rule.id, firing.occurrence))
        if written is None:
            return
        logger.info("call %s: rule %s fired at %d ms", call.pk, rule.id, firing.at_ms)
        if call.ended_at is None and call.platform != CHAT:
            do = fired.done if fired.done in ACTS else orders.REREAD
            if do in ACTS:
                one.acted_at = now
            await self._order(Order(str(call.pk), do, rule.to, rule.say))

    async def _order(self, order: Order) -> None:
        try:
            await orders.give(order)
        except leases.AWAY as error:
            # The flag stands; whoever sees it does what could not be done.
            logger.warning("call %s: could not be told to %s: %s", order.call, order.do, type(error).__name__)

    async def _can(self, call: Call, do: str) -> bool:
        """Whether anybody can do it: the next answer is told what is whispered, the holder does the rest."""
        if do == "alert" or call.ended_at is not None:
            return do == "alert"
        if call.platform == CHAT:
            return do == "whisper"
        return bool(await leases.held(self._redis, [call.pk]))


def _begun(call: Call, rules: tuple[Rule, ...], language: str) -> Followed:
    fired = {(alert["rule"], alert["occurrence"]) for alert in call.alerts}
    acted = [datetime.fromisoformat(alert["at"]) for alert in call.alerts if alert["done"] in ACTS]
    follow = Follow(rules, happenings.facts_of(call, language))
    return Followed(call, follow, fired=fired, acted_at=max(acted, default=None))


def _paying(followed: Iterable[Followed]) -> list[UUID]:
    return [one.call.pk for one in followed if one.cares_for_cost]


def _in_a_thread(work):
    return database_sync_to_async(work, thread_sensitive=False)


@_in_a_thread
def _watched(now: datetime, known: Collection[UUID]) -> list[Call]:
    """Live calls whose version has rules, those that have just ended, and those that are followed."""
    lately = Q(ended_at=None) | Q(ended_at__gt=now - SETTLED)
    ruled = Q(version__isnull=False) & ~Q(version__rules=[])
    rows = Call.objects.real().filter((lately & ruled) | Q(pk__in=list(known), version__isnull=False))
    return list(rows.only(*COLUMNS))


@_in_a_thread
def _versions(ids: Collection[UUID]) -> dict[UUID, tuple[tuple[Rule, ...], str]]:
    rows = AgentVersion.objects.filter(pk__in=ids).values_list("pk", "rules", "language") if ids else ()
    return {pk: (form.parsed(rules), language) for pk, rules, language in rows}


@_in_a_thread
def _fact_ids(calls: Collection[UUID], first: UUID) -> set[UUID]:
    if not calls:
        return set()
    rows = Event.objects.filter(pk__gte=first, call_id__in=calls, kind__in=happenings.KINDS)
    return set(rows.order_by().values_list("pk", flat=True))


@_in_a_thread
def _told(calls: Collection[UUID]) -> list[Told]:
    return happenings.told_of(Event.objects.filter(call_id__in=calls))


@_in_a_thread
def _told_by_id(ids: Collection[UUID]) -> list[Told]:
    return happenings.told_of(Event.objects.filter(pk__in=ids)) if ids else []


@_in_a_thread
def _costs(calls: Collection[UUID], **narrowed) -> list[Cost]:
    return happenings.costs_of(calls, **narrowed) if calls else []


@_in_a_thread
def _write(call: Call, fired: RuleFired) -> Call | None:
    with transaction.atomic():
        hold_briefly()
        return services.record_firing(call, fired)
