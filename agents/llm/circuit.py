"""Models that are left alone for a while, because asking them failed: a circuit each, for all processes.

What a circuit is and how it changes are pure functions. Every process decides by its own view of the
circuits, so no request waits: what it learns is told to Redis behind its back, and what others have learnt
is looked up there once a second while requests come. Without Redis a process knows what it has seen itself.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from time import monotonic, time
from typing import Any

import redis
from django.conf import settings

from agents.llm import backoff, spans
from agents.llm.chain import Candidate
from agents.llm.errors import ErrorType, ProviderError
from base import meters
from base.shared import Away, shared

logger = logging.getLogger(__name__)

OPENED = meters.counter("model_circuit_opened", "Models left alone for a while.", "provider", "model", "why")

FAILURES = 5  # in a row, before a model is left alone
ROW_SECONDS = 30.0  # failures further apart are not in a row
# For how long: twice as long each time that whoever tries it fails again.
OPEN_SECONDS, MOST_SECONDS = 10.0, 120.0
CERTAIN_SECONDS = 30.0  # what only a person can mend: a key, a quota, a name
PROBE_SECONDS = 20.0  # for whoever tries it alone; then somebody else may
FORGOTTEN_SECONDS = 120.0  # after it might have been tried again and nobody came
# What any model would have said of this request tells nothing about the model.
NOT_ITS_FAULT = frozenset({"content_filter", "context_length", "budget_exceeded"})

LOOK_SECONDS = 1.0
LINGER_SECONDS = 30.0  # for so long after the last request it is looked up what others have learnt
STALE_SECONDS = 3.0
GAP_SECONDS = 0.05  # between two looks, however much there is to tell
TRIES = 8  # to change what others change at the same moment

KEY = "model-circuits"
KEY_SECONDS = 3_600
# Ours replaces what we read, unless somebody has changed it since.
SWAP = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1])
else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""


@dataclass(frozen=True, slots=True)
class State:
    """Of a circuit where something is amiss. Times are the wall clock's, in seconds."""

    failures: int = 0  # in a row
    at: float = 0.0  # the last of them
    type: ErrorType = "internal"  # what that was
    certain: bool = False  # it will not mend by itself
    until: float = 0.0  # it is not asked before; 0: it has not opened
    trips: int = 0  # how often in a row it opened
    probed: float = 0.0  # somebody tries it, until then

    def stage(self, now: float) -> str:
        """`closed`, `open` (nobody asks it) or `half-open` (one request may, to see)."""
        if not self.until or now > self.until + FORGOTTEN_SECONDS:
            return "closed"
        return "open" if now < self.until else "half-open"


Change = Callable[[State | None, float], State | None]


def failed(state: State | None, now: float, *, type: ErrorType, certain: bool, opens: float) -> State:
    """One failure more. `opens`: seconds to leave it alone at once; 0: only after several in a row."""
    known = state or State()
    stage = known.stage(now)
    if stage == "open":
        return known  # it had been asked before that
    failures = known.failures + 1 if now - known.at <= ROW_SECONDS else 1
    trips = known.trips + 1 if stage == "half-open" else 1
    if stage == "closed" and not opens and failures < FAILURES:
        return State(failures, now, type, certain)
    seconds = min(OPEN_SECONDS * 2 ** (trips - 1), MOST_SECONDS)
    seconds = opens if opens and trips == 1 else max(opens, seconds)
    return State(failures, now, type, certain, until=now + seconds, trips=trips)


def answered(state: State | None, now: float) -> None:
    """It works: nothing is amiss."""


def claimed(state: State | None, now: float) -> State | None:
    """One tries it; what becomes of that decides for all."""
    if state is None or state.stage(now) != "half-open" or now < state.probed:
        return state
    return replace(state, probed=now + PROBE_SECONDS)


def swept(state: State | None, now: float) -> State | None:
    """Nothing, if it is too long ago to matter."""
    if state and state.stage(now) == "closed" and now - state.at > ROW_SECONDS:
        return None
    return state


class Circuits:
    """One process' view. Bound to one event loop; nothing that a request calls here waits."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self._clock = clock
        self._view: dict[str, State] = {}
        self._told: dict[str, list[Change]] = {}  # what Redis has not heard yet
        self._wanted: set[str] = set()  # half-open, and a request came for them
        self._ours: dict[str, float] = {}  # half-open, and ours to try until then
        self._looked = float("-inf")
        self._busy_until = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    def allows(self, candidate: Candidate) -> bool:
        """Whether it might be asked now."""
        state, now = self._view.get(candidate.circuit), self._clock()
        if state is None or state.stage(now) == "closed":
            return True
        return state.stage(now) == "half-open" and (now >= state.probed or self._is_ours(candidate.circuit))

    def admits(self, candidate: Candidate, *, last: bool = False) -> bool:
        """Whether to ask it now. A half-open one is asked by one request of one process; by the first that
        comes, if it is the `last` who could answer that, else by the first after all have been told."""
        self._keep_looking()
        key, now = candidate.circuit, self._clock()
        state = self._view.get(key)
        stage = state.stage(now) if state else "closed"
        if state is None or stage == "closed":
            return True
        if stage == "open":
            return False
        if self._is_ours(key):
            del self._ours[key]
            return True
        if now < state.probed:
            return False
        # Who has not looked for a while does not know who else is here, and tries.
        if last or monotonic() - self._looked > STALE_SECONDS:
            self._change(key, claimed)
            return True
        self._wanted.add(key)
        self._news.set()
        return False

    def _is_ours(self, key: str) -> bool:
        return self._ours.get(key, 0.0) > self._clock()

    def refusal(self, candidate: Candidate) -> ProviderError:
        """What is wrong with one that is not asked."""
        state = self._view.get(candidate.circuit) or State()
        return ProviderError(state.type, code="circuit_open", retryable=not state.certain, falls_through=True)

    def answered(self, candidate: Candidate) -> None:
        if candidate.circuit in self._view:
            self._change(candidate.circuit, answered)

    def failed(self, candidate: Candidate, error: ProviderError) -> None:
        if error.type in NOT_ITS_FAULT or not error.falls_through:
            return
        certain, opens = not error.retryable, 0.0
        if certain:
            opens = CERTAIN_SECONDS
        elif error.retry_after and error.retry_after > backoff.PATIENCE_SECONDS:  # else who asked waits
            opens = min(error.retry_after, MOST_SECONDS)
        before = self._view.get(candidate.circuit) or State()
        self._change(candidate.circuit, partial(failed, type=error.type, certain=certain, opens=opens))
        after = self._view[candidate.circuit]
        if after.until > before.until:
            names = candidate.model.name, candidate.provider
            logger.warning(
                "%s at %s is left alone for %.0f s: %s", *names, after.until - self._clock(), error
            )
            OPENED.labels(*spans.named(candidate.provider, candidate.model.name), error.type).inc()

    async def look(self) -> None:
        """Tell what is new, and see what is so. Raises Away."""
        told, self._told = self._told, {}
        wanted, self._wanted = self._wanted, set()
        for key, changes in told.items():
            await self._share(key, changes)
        for key in wanted:
            if state := await self._share(key, [claimed]):
                self._ours[key] = state.probed
        rows = await shared().ask(lambda: shared().client.hgetall(KEY))
        view = _states(rows)
        now = self._clock()
        for key, state in view.items():
            if swept(state, now) is None:
                self._told.setdefault(key, []).append(swept)
        self._view = view
        for key, changes in self._told.items():  # meanwhile
            self._apply(key, changes)
        self._looked = monotonic()

    async def close(self) -> None:
        """Tell what is left to tell."""
        if self._looking:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        if self._told:
            await self._look()

    async def _share(self, key: str, changes: Iterable[Change]) -> State | None:
        """Change what all know. Returns what it is now, if that is our doing. Raises Away."""
        for _ in range(TRIES):
            raw = await shared().ask(lambda: shared().client.hget(KEY, key)) or b""
            before = _read(raw)
            after = _changed(before, changes, self._clock())
            if after == before:
                return None
            new = json.dumps(asdict(after)) if after else ""
            swap = (SWAP, 1, KEY, key, raw, new, KEY_SECONDS)
            if await shared().ask(lambda swap=swap: shared().client.eval(*swap)):
                return after
        return None

    def _change(self, key: str, change: Change) -> None:
        self._told.setdefault(key, []).append(change)
        self._apply(key, [change])
        self._news.set()
        self._keep_looking()

    def _apply(self, key: str, changes: Iterable[Change]) -> None:
        state = _changed(self._view.pop(key, None), changes, self._clock())
        if state:
            self._view[key] = state

    def _keep_looking(self) -> None:
        self._busy_until = monotonic() + LINGER_SECONDS
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._keep(), name="model circuits")

    async def _keep(self) -> None:
        while self._told or monotonic() < self._busy_until:
            self._news.clear()
            await self._look()
            await asyncio.sleep(GAP_SECONDS)
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        try:
            await self.look()
        except Away:
            self._told.clear()  # what we know we still know


def standing() -> dict[str, State]:
    """All circuits where something is amiss, by key. For a thread. Raises RedisError."""
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        return _states(client.hgetall(KEY))


def _changed(state: State | None, changes: Iterable[Change], now: float) -> State | None:
    for change in changes:
        state = change(state, now)
    return state


def _states(rows: Mapping[Any, Any]) -> dict[str, State]:
    return {key.decode(): state for key, raw in rows.items() if (state := _read(raw))}


def _read(raw: bytes | str) -> State | None:
    try:
        return State(**json.loads(raw)) if raw else None
    except (TypeError, ValueError):  # of another version of ours: begun anew
        return None
