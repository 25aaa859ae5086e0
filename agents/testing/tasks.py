"""Tests of agents, played where slow work is done: one piece of it at a time, a few tests side by side."""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import asdict

from celery import shared_task
from channels.db import database_sync_to_async
from django.core.cache import cache
from django.db import InterfaceError, OperationalError

from agents import services
from agents.llm import paid, router
from agents.llm.whole import SLOT
from agents.models import AgentTestResult
from agents.services import RunningAgent
from agents.testing import runs
from agents.testing.outcome import outcome_of
from base.turns import one_at_a_time

logger = logging.getLogger(__name__)

AT_ONCE = 4
ENOUGH_S = 30.0  # then others have their turn; what is under way is finished
HELD_S = 240.0  # as long as it may run
LOOK_S = 1.0
# Then a call may be judged and a chat named: those come by every 5 s (calls/tasks.py).
REST_S = 6.0
RESTING = "tests:rest"
TRIES = 5  # to write down how a test went
AWAY = (OperationalError, InterfaceError)  # the database, which comes back
BROKE = "It broke. Whoever runs Earshot finds more in the log."


@shared_task(acks_late=True, ignore_result=True, slow=0, soft_time_limit=230, time_limit=240)
def play() -> None:
    """Whatever waits. Asked for when a run is started, and by the timetable: what a lost message or a dead
    worker left is found the next time."""
    if cache.get(RESTING) or not runs.is_any_open():
        return
    with one_at_a_time(SLOT, HELD_S) as ours:
        if not ours:
            return
        runs.settle_dead()
        paid.run(_all(time.monotonic() + ENOUGH_S))
        if runs.waiting().exists():
            cache.set(RESTING, True, REST_S)  # then the timetable comes by


async def _all(until: float) -> None:
    await router.look()
    async with asyncio.TaskGroup() as players:
        for _ in range(AT_ONCE):
            players.create_task(_some(until))


async def _some(until: float) -> None:
    """One after the other, while there is time. What breaks here is nothing to those beside it; a result
    that is left under way is settled when others have theirs (`runs.settle_dead`)."""
    while time.monotonic() < until:
        try:
            result = await _claim()
            if result is None:
                return
            await _one(result)
        except Exception:
            logger.exception("whoever plays tests was held up")
            await asyncio.sleep(LOOK_S)


async def _one(result: AgentTestResult) -> None:
    """Played to its end, or until somebody stops its run."""
    playing = asyncio.create_task(_played(result))
    stopped = asyncio.create_task(_stopped(result))
    try:
        await asyncio.wait({playing, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        playing.cancel()
        stopped.cancel()
        await asyncio.gather(playing, stopped, return_exceptions=True)
    await router.drain()  # what it has cost is on record then
    told = {"verdict": AgentTestResult.Verdict.ERROR, "error": runs.STOPPED}
    if not playing.cancelled():
        told = playing.result()
    await _keep(result, told)


async def _played(result: AgentTestResult) -> dict:
    """Columns of the result."""
    try:
        agent = await _told(result)
        if result.test is None:
            return {"verdict": AgentTestResult.Verdict.ERROR, "error": "The test was deleted."}
        return asdict(await outcome_of(agent, result.test, result.pk, runs.turn_of(result)))
    except Exception:
        logger.exception("test result %s broke", result.pk)
        return {"verdict": AgentTestResult.Verdict.ERROR, "error": BROKE}


async def _stopped(result: AgentTestResult) -> None:
    """Returns once somebody has stopped it. As long as nobody can say, nobody has."""
    while True:
        await asyncio.sleep(LOOK_S)
        with suppress(*AWAY):
            if await _is_stopped(result):
                return


async def _keep(result: AgentTestResult, told: dict) -> None:
    """It has been paid for."""
    for left in reversed(range(TRIES)):
        try:
            await _settle(result, **told)
            return
        except AWAY:
            if not left:
                raise
            await asyncio.sleep(LOOK_S)


def _running(result: AgentTestResult) -> RunningAgent:
    run = result.run
    version = run.version.number if run.version else None
    return services.as_told(run.agent, run.content, version_id=run.version_id, version=version)


_told = database_sync_to_async(_running, thread_sensitive=False)
_claim = database_sync_to_async(runs.claim, thread_sensitive=False)
_settle = database_sync_to_async(runs.settle, thread_sensitive=False)
_is_stopped = database_sync_to_async(runs.is_stopped, thread_sensitive=False)
