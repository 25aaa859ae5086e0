"""A provider made of providers: the first model of a chain that begins to answer gives the whole answer.

Before the first token a failure falls through to the next model; after it, never: half of one answer joined
to half of another is worse than an error somebody can see.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from channels.db import database_sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db import Error

from agents.llm import budget, cache, chain, hedge
from agents.llm.attempt import Attempt, AttemptFailed
from agents.llm.circuit import Circuits
from agents.llm.clients import Clients, adapter
from agents.llm.errors import ProviderError
from agents.llm.events import Event, Failed, Finish, Started, TextDelta, Usage
from agents.llm.ledger import Ledger
from agents.llm.providers.faults import fault
from agents.llm.request import Request
from agents.llm.way import Way
from agents.lookup import Lookup, per_loop
from agents.models import ModelCall, Provider
from base.shared import Away

logger = logging.getLogger(__name__)

PREPARE_SECONDS = 10.0


def stream(request: Request) -> AsyncGenerator[Event, None]:
    """Ask the workspace's models, yield one answer. Never raises for what vendors do: that is `Failed`.

    Closing it (`aclose()`, or cancelling the task that reads it) aborts the vendor's request at once.
    Every attempt is recorded, whatever became of it.
    """
    return _router().stream(request)


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be asked, were a request made now."""

    models: tuple[chain.Candidate, ...]  # in their order
    asked: tuple[chain.Candidate, ...]  # those of them that are not left alone: the first is asked first

    @property
    def available(self) -> bool:
        return bool(self.asked)


async def plan(
    workspace_id: UUID,
    tier: str,
    provider: str = "",
    chain: Sequence[str] = (),
    *,
    agent_id: UUID | None = None,
) -> Plan:
    """The chain for a tier (and a preferred provider's name), or the one that is given, by ids of models; as
    budgets have it now, the agent's too. Raises the database's errors."""
    return await _router().plan(workspace_id, agent_id, tier, provider, chain)


async def prepare() -> None:
    """Before a process serves: import what it takes to speak to the vendors that are set up.

    No caller waits for that then. And see which models are left alone.
    """
    try:
        async with asyncio.timeout(PREPARE_SECONDS):
            for kind in await _kinds():
                await asyncio.to_thread(adapter, kind)
            await look()
    except (Error, ImproperlyConfigured, TimeoutError) as error:
        logger.warning("cannot see which vendors are set up: %s", type(error).__name__)


async def look() -> None:
    """See which models are left alone; an event loop that is new to this would ask those too."""
    try:
        await _router().circuits.look()
    except Away:
        logger.warning("cannot see which models are left alone")


def _kinds_in_use() -> list[str]:
    found = Provider.objects.filter(enabled=True).order_by("kind").values_list("kind", flat=True)
    return list(found.distinct())


_kinds = database_sync_to_async(_kinds_in_use, thread_sensitive=False)


def note(row: ModelCall) -> None:
    """Have an attempt written down that was not made for an answer (agents/llm/paid.py)."""
    _router().ledger.add(row)


async def drain() -> None:
    """Store all that was recorded so far."""
    await _router().ledger.drain()
    await budget.drain()
    await cache.drain()


async def close() -> None:
    """At the end of the process: store what was recorded, close the connections kept to vendors."""
    await drain()
    await _router().circuits.close()
    await _router().clients.close()


class Router:
    def __init__(self) -> None:
        self.circuits = Circuits()
        self.clients = Clients()
        self.ledger = Ledger()
        self._chains = Lookup(chain.load)

    async def plan(
        self, workspace_id: UUID, agent_id: UUID | None, tier: str, provider: str, explicit: Sequence[str]
    ) -> Plan:
        models, _ = await self._chain(workspace_id, agent_id, tier, provider, explicit)
        return Plan(tuple(models), asked=tuple(filter(self.circuits.allows, models)))

    async def _chain(
        self, workspace_id: UUID, agent_id: UUID | None, tier: str, provider: str, explicit: Sequence[str]
    ) -> tuple[list[chain.Candidate], bool]:
        """And whether it is a cheaper one than was asked for."""
        known = await self._chains.get(workspace_id) or ()
        if explicit:
            tight = await budget.is_tight(workspace_id, agent_id)
            return chain.explicit(known, explicit, frugal=tight), tight
        first = await budget.tier(workspace_id, agent_id, tier)
        return chain.ordered(known, first, provider), first != tier

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        try:
            models, cheaper = await self._chain(
                request.workspace_id, request.agent_id, request.tier, request.provider, request.chain
            )
        except (Error, ImproperlyConfigured):
            logger.exception("models of workspace %s cannot be read", request.workspace_id)
            yield _failed(ProviderError("internal", "The models cannot be looked up.", retryable=True))
            return
        if cheaper:
            budget.DOWNGRADED.inc()
        way = Way(request, models, self.circuits)
        attempt = way.next()
        while attempt:
            try:
                async with aclosing(await self._answer(attempt, way)) as answer:
                    async for event in answer:
                        yield event
                return
            except AttemptFailed as failure:
                attempt, asked = await way.onward(failure), failure.attempt
            if attempt is None and asked.cost_something and not way.error.falls_through:
                yield asked.usage()
        yield _failed(way.error)

    async def _answer(self, attempt: Attempt, way: Way) -> AsyncGenerator[Event, None]:
        """One model's answer, or that of the model after it, where the first may be late."""
        given_before = await cache.find(attempt.request, attempt.candidate)
        if given_before is not None:
            return self._give_again(attempt, given_before)
        seconds = attempt.candidate.hedge_seconds
        if seconds is None:
            return self._ask(attempt)

        def spare() -> AsyncGenerator[Event, None] | None:
            other = way.next()
            return self._ask(other) if other else None

        return hedge.race(self._ask(attempt), seconds, spare)

    async def _ask(self, attempt: Attempt) -> AsyncGenerator[Event, None]:
        """One attempt: the model's answer, or AttemptFailed before its first word. Writes it down in any
        case."""
        candidate, model = attempt.candidate, attempt.candidate.model
        try:
            reservation = await budget.reserve(attempt.request, candidate, attempt.id)
        except ProviderError as error:
            raise AttemptFailed(attempt, error) from error
        started = Started(candidate.provider, model.name, attempt.fallback, attempt.id)
        announced = False
        try:
            async with (
                self.clients.lease(model.endpoint) as client,
                aclosing(adapter(model.endpoint.kind).stream(client, attempt.request, model)) as events,
            ):
                async for event in events:
                    attempt.saw(event)
                    if isinstance(event, Usage):
                        continue
                    if isinstance(event, Finish) and not attempt.begun:
                        raise fault("empty")
                    if not announced:
                        announced = True
                        yield started
                    if isinstance(event, Finish):
                        self.circuits.answered(candidate)
                        yield attempt.usage()
                    yield event
        except ProviderError as error:
            attempt.failed(error)
            self.circuits.failed(candidate, error)
            _log(attempt, error)
            if not attempt.begun:
                raise AttemptFailed(attempt, error) from error
            yield attempt.usage()
            yield _failed(error)
        except (asyncio.CancelledError, GeneratorExit):
            attempt.cancelled()
            if attempt.begun:
                self.circuits.answered(candidate)
            raise
        except Exception:
            attempt.failed(ProviderError("internal", code="bug"))
            raise
        finally:
            try:
                row = attempt.row()
                reservation.settle(row.cost_usd)
                self.ledger.add(row)
                cache.keep(attempt.request, candidate, attempt.whole)
            finally:
                reservation.release()  # whatever else went wrong; it is settled otherwise

    async def _give_again(self, attempt: Attempt, text: str) -> AsyncGenerator[Event, None]:
        """What a model said before, word by word as if it were said now. Written down as well."""
        candidate = attempt.candidate
        attempt.given_again()
        try:
            yield Started(candidate.provider, candidate.model.name, attempt.fallback, attempt.id, cached=True)
            for piece in cache.pieces(text):
                attempt.saw(event := TextDelta(piece))
                yield event
                await asyncio.sleep(cache.PIECE_SECONDS)
            attempt.saw(end := Finish("stop"))
            yield attempt.usage()
            yield end
        except (asyncio.CancelledError, GeneratorExit):
            attempt.cancelled()
            raise
        finally:
            self.ledger.add(attempt.row())


def _failed(error: ProviderError) -> Failed:
    return Failed(error.type, error.message, error.retryable)


def _log(attempt: Attempt, error: ProviderError) -> None:
    logger.warning(
        "%s at %s failed: %s, request %s, call %s",
        attempt.candidate.model.name,
        attempt.candidate.provider,
        error,
        error.request_id or "-",
        attempt.request.call_id or "-",
    )


_router = per_loop(Router)
