"""Work of a vendor's that is no answer and is paid for all the same: within budgets, and on record."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from asgiref.sync import SyncToAsync, async_to_sync

from agents.llm import budget, router
from agents.llm.attempt import Attempt
from agents.llm.chain import Candidate
from agents.llm.errors import ProviderError
from agents.llm.request import Request
from base import shared

T = TypeVar("T")


@asynccontextmanager
async def attempt(request: Request, candidate: Candidate) -> AsyncIterator[Attempt]:
    """What is asked within this is one attempt: tell it the `Usage` and the `Finish` that came of it.

    Raises ProviderError("budget_exceeded") before anybody is asked; passes on what is raised within.
    """
    made = Attempt(request, candidate, number=1, fallback=0, fallback_from="")
    reservation = await budget.reserve(request, candidate, made.id)
    try:
        yield made
    except ProviderError as error:
        made.failed(error)
        raise
    except (asyncio.CancelledError, GeneratorExit):
        made.cancelled()
        raise
    except Exception:
        made.failed(ProviderError("internal", code="bug"))
        raise
    finally:
        try:
            row = made.row()
            reservation.settle(row.cost_usd)
            router.note(row)
        finally:
            reservation.release()  # whatever else went wrong; it is settled otherwise


def run(work: Coroutine[Any, Any, T]) -> T:
    """For a task, which has no event loop. What was spent is on record when it returns."""
    return asyncio.run(_run(work))


def wait(work: Coroutine[Any, Any, T]) -> T:
    """For a thread: on the server's event loop, if that waits for this thread, else as `run`. A loop for this
    alone would end before anything is on record."""
    server = getattr(SyncToAsync.threadlocal, "main_event_loop", None)
    return async_to_sync(_itself)(work) if server and server.is_running() else run(work)


async def _itself(work: Coroutine[Any, Any, T]) -> T:
    return await work


async def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return await work
    finally:
        await router.close()
        await shared.close()
