"""An answer that nobody waits for word by word: what slow work asks of a model."""

import asyncio
import json
from contextlib import aclosing

from agents.llm import paid, router
from agents.llm.errors import ProviderError
from agents.llm.events import Failed, TextDelta
from agents.llm.request import Request

SECONDS = 90.0  # for all of it, whatever the models' own patience
# What slow work holds while it waits for models, one at a time in all processes: those that hang must leave
# places to other slow work (base/slow.py).
SLOT = "models:slow"


class UnusableAnswer(ValueError):
    """A model answered, but not what it was asked for. Quotes nothing of it."""


async def whole(request: Request) -> str:
    """All of the answer's words. Raises ProviderError, also for an answer that broke off."""
    told = []
    try:
        async with asyncio.timeout(SECONDS), aclosing(router.stream(request)) as events:
            async for event in events:
                match event:
                    case TextDelta():
                        told.append(event.text)
                    case Failed():
                        raise ProviderError(event.type, event.message, retryable=event.retryable)
    except TimeoutError as error:
        raise ProviderError("timeout", retryable=True) from error
    return "".join(told)


def ask(request: Request) -> str:
    """The same for a task, which has no event loop. What was spent is on record when it returns."""
    return paid.run(_ask(request))


async def _ask(request: Request) -> str:
    await router.look()
    return await whole(request)


def object_in(answer: str) -> dict:
    """The first JSON object of a text: models like to put a fence or a sentence around it."""
    decoder = json.JSONDecoder(strict=False)
    start = answer.find("{")
    while start >= 0:
        try:
            found, _ = decoder.raw_decode(answer, start)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return found
        start = answer.find("{", start + 1)
    raise UnusableAnswer("no JSON object")
