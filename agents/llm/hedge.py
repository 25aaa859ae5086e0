"""Two answers at once, where the first is late: whoever begins to speak is heard, the other is sent away."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from agents.llm.attempt import AttemptFailed
from agents.llm.events import Event

Answer = AsyncGenerator[Event, None]


async def race(lead: Answer, seconds: float, spare: Callable[[], Answer | None]) -> Answer:
    """The events of `lead`, or of `spare()`, who is asked after `seconds` without a first event.

    The first event decides; the other answer is closed at once. Raises AttemptFailed once all who were
    asked have failed without one: the first one's failure, or the one that stops the chain.
    """
    asked: dict[asyncio.Task[Event | None], Answer] = {}
    failures: dict[Answer, AttemptFailed] = {}

    def ask(answer: Answer) -> None:
        asked[asyncio.create_task(anext(answer, None))] = answer

    ask(lead)
    try:
        await asyncio.wait(asked, timeout=seconds)
        if not any(task.done() for task in asked) and (other := spare()):
            ask(other)
        while asked:
            await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            # Both at once: in the order they were asked.
            task = next(task for task in asked if task.done())
            answer = asked.pop(task)
            try:
                event = task.result()
            except AttemptFailed as failure:
                failures[answer] = failure
                if answer is lead and not failure.error.falls_through:
                    raise
                continue
            leaving = asyncio.create_task(_send_away(asked))  # the first word does not wait for that
            try:
                if event is not None:
                    yield event
                async for event in answer:
                    yield event
            finally:
                await answer.aclose()
                await leaving
            return
        # What stops the chain stops it, whoever said so.
        stops = (failure for failure in failures.values() if not failure.error.falls_through)
        raise next(stops, failures[lead])
    finally:
        await _send_away(asked)


async def _send_away(asked: dict[asyncio.Task[Event | None], Answer]) -> None:
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    for answer in asked.values():
        await answer.aclose()
