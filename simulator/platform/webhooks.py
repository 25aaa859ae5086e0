"""Webhooks: what the platform tells of every call, signed, sent, and tried again."""

import asyncio
import contextlib
import dataclasses
import hashlib
import hmac
import json
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from simulator.pace import Pace, Timing
from simulator.platform.call import Call
from simulator.platform.mishaps import Fate, Mishaps

ON_BY_DEFAULT = ("call_started", "call_ended", "call_analyzed")
TRANSFERS = ("transfer_started", "transfer_bridged", "transfer_cancelled", "transfer_ended")
EVENTS = (*ON_BY_DEFAULT, "transcript_updated", *TRANSFERS)
# Human seconds before each new attempt of a delivery that got no 2xx.
RETRY_AFTER = (2.0, 10.0, 50.0)
# Human seconds a delivery waits at most for those it should come behind.
HELD_AT_MOST = 20.0
# Real seconds: the start a delivery has of the next one of its call; none waits for a slow answer.
HEAD_START = 0.3
CLOSE_WITHIN = 3.0
RENEW_EVERY = 3.0
MOST_WAITING = 1_000
MOST_IN_FLIGHT = 32
CALLS_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Target:
    """Where webhooks go: the events this receiver asked for, signed with its secret."""

    url: str
    secret: str = field(repr=False)
    events: Collection[str] = EVENTS


@dataclass(slots=True)
class Counts:
    """What became of deliveries so far."""

    sent: int = 0  # attempts
    accepted: int = 0
    failed: int = 0  # attempts that got no 2xx
    given_up: int = 0  # deliveries that were tried often enough, or were open at the end
    dropped: int = 0  # never tried: too many were waiting
    repeated: int = 0
    reordered: int = 0
    late: int = 0


@dataclass(slots=True)
class _Receiver:
    target: Target
    in_trouble: bool = False
    trails: "OrderedDict[str, _Trail]" = field(default_factory=OrderedDict)


@dataclass(slots=True)
class _Trail:
    """What one receiver was told of one call."""

    told: Counter[str] = field(default_factory=Counter)
    last: asyncio.Event | None = None  # `gone` of the newest
    held: "list[_Delivery]" = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Delivery:
    receiver: _Receiver
    trail: _Trail
    body: bytes
    number: int  # in its trail
    fate: Fate
    before: asyncio.Event | None  # `gone` of the one before
    behind: int = 0  # later ones that are to go first
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # the next need not wait for it
    passed: asyncio.Event = field(default_factory=asyncio.Event)  # enough later ones have gone


def signature(body: bytes, secret: str, at_ms: int) -> str:
    """The value of X-Retell-Signature."""
    digest = hmac.new(secret.encode(), body + str(at_ms).encode(), hashlib.sha256).hexdigest()
    return f"v={at_ms},d={digest}"


def transfer(number: str) -> dict[str, Any]:
    """What the events of a transfer carry beside the call."""
    return {
        "transfer_destination": {"number": number},
        "transfer_option": {"type": "cold_transfer", "showTransfereeAsCaller": False},
    }


class Webhooks:
    """Tells receivers what happens on calls, without ever holding a call up.

    A delivery that gets no 2xx is tried three times more: the same bytes, signed anew. `say` hears once that
    a receiver takes nothing, and once that it does again. `renew` gives the targets as they are now; it is
    asked (in a thread, rarely) when one answers 401, because its secret may have changed.
    """

    def __init__(
        self,
        targets: Iterable[Target],
        *,
        pace: Pace,
        timing: Timing,
        mishaps: Mishaps,
        seed: int,
        say: Callable[[str], None],
        renew: Callable[[], Iterable[Target]],
    ) -> None:
        self.counts = Counts()
        self._receivers = [_Receiver(target) for target in targets]
        self._pace = pace
        self._timing = timing
        self._mishaps = mishaps
        self._seed = seed
        self._say = say
        self._renewal = renew
        self._renewed_at = float("-inf")
        self._open: dict[asyncio.Task[None], _Delivery] = {}
        self._in_flight = asyncio.Semaphore(MOST_IN_FLIGHT)
        self._closing = asyncio.Event()
        self._http: httpx.AsyncClient | None = None

    def __bool__(self) -> bool:
        """Whether anybody is told anything."""
        return bool(self._receivers)

    def tell(self, call: Call, event: str, **beside: Any) -> None:
        """Tell whoever wants to know; `beside` stands next to the call."""
        wanted = [receiver for receiver in self._receivers if event in receiver.target.events]
        if not wanted:
            return
        told = {"event": event, "call": call.told(event), **beside}
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        # Half a surrogate pair has no bytes of its own; its escape is what JSON has for it.
        body = text.encode(errors="backslashreplace")
        for receiver in wanted:
            self._take(receiver, call, event, body)

    async def settled(self) -> None:
        """Wait until nothing is under way: every delivery was accepted or given up."""
        while self._open:
            await asyncio.wait(self._open)

    async def close(self) -> None:
        """Try what is still unsent once more, briefly; the rest is dropped, and its number told."""
        before = self.counts.given_up + self.counts.dropped
        self._closing.set()
        for delivery in self._open.values():
            delivery.gone.set()
            delivery.passed.set()
        if self._open:
            await asyncio.wait(self._open, timeout=CLOSE_WITHIN)
        left = list(self._open)
        self.counts.given_up += len(left)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()
        if lost := self.counts.given_up + self.counts.dropped - before:
            self._say(f"{lost} webhooks were not delivered.")

    # --- one delivery ------------------------------------------------------------------------------

    def _take(self, receiver: _Receiver, call: Call, event: str, body: bytes) -> None:
        trail = receiver.trails.setdefault(call.id, _Trail())
        while len(receiver.trails) > CALLS_KEPT:
            receiver.trails.popitem(last=False)
        fate = self._mishaps.fate(self._seed, call.number, event, trail.told[event])
        number = trail.told.total()
        trail.told[event] += 1
        if len(self._open) >= MOST_WAITING:
            self.counts.dropped += 1
            self._note(receiver, f"{MOST_WAITING} are waiting already")
            return
        delivery = _Delivery(receiver, trail, body, number, fate, trail.last, fate.behind)
        trail.last = delivery.gone
        if fate.behind:
            self.counts.reordered += 1
            trail.held.append(delivery)
        self._begin(delivery, self._deliver(delivery))
        if fate.again_after is not None:
            self.counts.repeated += 1
            self._begin(delivery, self._repeat(delivery, fate.again_after))

    def _begin(self, delivery: _Delivery, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._open[task] = delivery
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._open[task]
        if not task.cancelled() and (error := task.exception()):
            self._say(f"A webhook broke: {type(error).__name__}: {error}")

    async def _deliver(self, delivery: _Delivery) -> None:
        await self._wait_in_line(delivery)
        fate = delivery.fate
        if fate.late_by:
            self.counts.late += 1
            if not fate.lost:
                await self._attempt(delivery)
            delivery.gone.set()
            await self._pause(fate.late_by)
        for pause in (*RETRY_AFTER, 0.0):
            if await self._attempt(delivery):
                self.counts.accepted += 1
                return
            if self._closing.is_set():
                break
            await self._pause(pause)
        self.counts.given_up += 1

    async def _repeat(self, delivery: _Delivery, after: float) -> None:
        """A copy that was not asked for. It comes with the first one or after it, and is not insisted on."""
        if after:
            await delivery.gone.wait()
            await self._pause(after)
        if not self._closing.is_set():
            await self._attempt(delivery)

    async def _wait_in_line(self, delivery: _Delivery) -> None:
        if delivery.before is not None:
            await self._wait(delivery.before, HEAD_START)
        if delivery.fate.behind:
            delivery.gone.set()
            await self._wait(delivery.passed, HELD_AT_MOST / self._pace.speed)
            delivery.trail.held.remove(delivery)

    async def _attempt(self, delivery: _Delivery) -> bool:
        """Send it now; whether it was accepted."""
        receiver, problem, status = delivery.receiver, "", 0
        async with self._in_flight:
            target = receiver.target
            self.counts.sent += 1
            try:
                async with asyncio.timeout(self._timing.webhook_timeout):
                    status = await self._post(target, delivery.body)
            except TimeoutError:
                problem = f"no answer within {self._timing.webhook_timeout:g} s"
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                problem = f"nobody answers there ({type(error).__name__})"
            finally:
                self._let_pass(delivery)
        if status and not 200 <= status < 300:
            problem = f"the answer was {status}"
        if problem:
            self.counts.failed += 1
        self._note(receiver, problem)
        if status == 401:
            await self._renew()
        return not problem

    async def _post(self, target: Target, body: bytes) -> int:
        if self._http is None:
            limits = httpx.Limits(max_connections=MOST_IN_FLIGHT)
            self._http = httpx.AsyncClient(timeout=None, limits=limits, trust_env=False)  # noqa: S113  ours is around it
        signed = signature(body, target.secret, time.time_ns() // 1_000_000)
        headers = {"content-type": "application/json", "x-retell-signature": signed}
        answer = await self._http.post(target.url, content=body, headers=headers)
        return answer.status_code

    def _let_pass(self, delivery: _Delivery) -> None:
        """It has gone: those that waited for it, or for so many to go first, may go."""
        if delivery.gone.is_set():
            return
        delivery.gone.set()
        for held in delivery.trail.held:
            if held.number < delivery.number:
                held.behind -= 1
                if held.behind <= 0:
                    held.passed.set()

    def _note(self, receiver: _Receiver, problem: str) -> None:
        """Say once that a receiver takes nothing, not for each delivery."""
        if bool(problem) != receiver.in_trouble:
            receiver.in_trouble = bool(problem)
            how = f"are not taken: {problem}." if problem else "are taken again."
            self._say(f"Webhooks to {receiver.target.url} {how}")

    async def _renew(self) -> None:
        now = time.monotonic()
        if now - self._renewed_at < RENEW_EVERY:
            return
        self._renewed_at = now
        secrets = {target.url: target.secret for target in await asyncio.to_thread(self._renewal)}
        for receiver in self._receivers:
            secret = secrets.get(receiver.target.url, receiver.target.secret)
            receiver.target = dataclasses.replace(receiver.target, secret=secret)

    async def _pause(self, seconds: float) -> None:
        """Wait for so many human seconds, or until everything is to end."""
        await self._wait(self._closing, seconds / self._pace.speed)

    @staticmethod
    async def _wait(event: asyncio.Event, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
