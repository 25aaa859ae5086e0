"""A provider made of providers: the first model of a chain that begins to answer gives the whole answer.

Before the first token a failure falls through to the next model; after it, never: half of one answer joined
to half of another is worse than an error somebody can see.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from channels.db import database_sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db import Error

from agents.llm import chain
from agents.llm.attempt import Attempt
from agents.llm.clients import Clients, adapter
from agents.llm.errors import ProviderError
from agents.llm.events import Event, Failed, Finish, Started, Usage
from agents.llm.ledger import Ledger
from agents.llm.request import Request
from agents.lookup import Lookup, per_loop
from agents.models import Provider

logger = logging.getLogger(__name__)

# A connection that broke this early was probably kept open too long by us: a fresh one costs little.
EARLY_SECONDS = 1.0
# A vendor that asks for so little patience is asked again before the next model is.
SHORT_WAIT_SECONDS = 0.25
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

    models: tuple[chain.Candidate, ...]  # the first is asked first
    available: bool  # False: none of them would be asked


async def plan(workspace_id: UUID, tier: str, provider: str = "") -> Plan:
    """The chain for a tier (and a preferred provider's name). Raises the database's errors."""
    return await _router().plan(workspace_id, tier, provider)


async def prepare() -> None:
    """Before a process serves: import what it takes to speak to the vendors that are set up.

    No caller waits for that then.
    """
    try:
        async with asyncio.timeout(PREPARE_SECONDS):
            for kind in await _kinds():
                await asyncio.to_thread(adapter, kind)
    except (Error, ImproperlyConfigured, TimeoutError) as error:
        logger.warning("cannot see which vendors are set up: %s", type(error).__name__)


def _kinds_in_use() -> list[str]:
    found = Provider.objects.filter(enabled=True).order_by("kind").values_list("kind", flat=True)
    return list(found.distinct())


_kinds = database_sync_to_async(_kinds_in_use, thread_sensitive=False)


async def drain() -> None:
    """Store all that was recorded so far."""
    await _router().ledger.drain()


async def close() -> None:
    """At the end of the process: store what was recorded, close the connections kept to vendors."""
    await _router().ledger.drain()
    await _router().clients.close()


class Router:
    def __init__(self) -> None:
        self.clients = Clients()
        self.ledger = Ledger()
        self._chains = Lookup(chain.load)

    async def plan(self, workspace_id: UUID, tier: str, provider: str) -> Plan:
        models = tuple(await self._chain(workspace_id, tier, provider))
        return Plan(models, available=bool(models))

    async def _chain(self, workspace_id: UUID, tier: str, provider: str) -> list[chain.Candidate]:
        return chain.ordered(await self._chains.get(workspace_id) or (), tier, provider)

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        try:
            models = await self._chain(request.workspace_id, request.tier, request.provider)
        except (Error, ImproperlyConfigured):
            logger.exception("models of workspace %s cannot be read", request.workspace_id)
            yield _failed(ProviderError("internal", "The models cannot be looked up.", retryable=True))
            return
        error = ProviderError("internal", "No model is set up and enabled.", code="no_models")
        number, asked_before = 0, ""
        for fallback, candidate in enumerate(models):
            for again in (False, True):
                number += 1
                attempt = Attempt(request, candidate, number=number, fallback_from=asked_before)
                asked_at = monotonic()
                try:
                    async with aclosing(self._ask(request, attempt, fallback)) as answer:
                        async for event in answer:
                            yield event
                    return
                except ProviderError as failure:
                    error = failure
                _log(request, candidate, error)
                if attempt.begun or not error.falls_through:
                    if attempt.cost_something:
                        yield attempt.usage()
                    yield _failed(error)
                    return
                pause = _pause_before_asking_again(error, monotonic() - asked_at)
                if again or pause is None:
                    break
                await asyncio.sleep(pause)
            asked_before = candidate.model.name
        yield _failed(error)

    async def _ask(self, request: Request, attempt: Attempt, fallback: int) -> AsyncGenerator[Event, None]:
        """One attempt: the model's answer, or ProviderError. Writes it down in any case."""
        model = attempt.candidate.model
        started = Started(attempt.candidate.provider, model.name, fallback, attempt.id)
        announced = False
        try:
            async with (
                self.clients.lease(model.endpoint) as client,
                aclosing(adapter(model.endpoint.kind).stream(client, request, model)) as events,
            ):
                async for event in events:
                    attempt.saw(event)
                    if isinstance(event, Usage):
                        continue
                    if not announced:
                        announced = True
                        yield started
                    if isinstance(event, Finish):
                        yield attempt.usage()
                    yield event
        except ProviderError as error:
            attempt.failed(error)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            attempt.cancelled()
            raise
        except Exception:
            attempt.failed(ProviderError("internal", code="bug"))
            raise
        finally:
            self.ledger.add(attempt.row())


def _pause_before_asking_again(error: ProviderError, took: float) -> float | None:
    """Seconds after which the same model gets a second try. None: on to the next."""
    if error.type == "connection" and took < EARLY_SECONDS:
        return 0.0
    if error.retryable and error.retry_after is not None and error.retry_after <= SHORT_WAIT_SECONDS:
        return error.retry_after
    return None


def _failed(error: ProviderError) -> Failed:
    return Failed(error.type, error.message, error.retryable)


def _log(request: Request, candidate: chain.Candidate, error: ProviderError) -> None:
    logger.warning(
        "%s at %s failed: %s, request %s, call %s",
        candidate.model.name,
        candidate.provider,
        error,
        error.request_id or "-",
        request.call_id or "-",
    )


_router = per_loop(Router)
