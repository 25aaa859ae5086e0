"""A trial of one model: a tiny request, made as every other is, and what came of it in words."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

from asgiref.sync import async_to_sync
from django.core.cache import cache

from agents.llm import budget, ledger
from agents.llm.attempt import Attempt
from agents.llm.chain import Candidate, candidate_of
from agents.llm.clients import adapter
from agents.llm.errors import ProviderError
from agents.llm.request import Message, Request
from agents.models import LanguageModel, ModelCall
from base.pool import leave_database

EVERY_S = 3  # between two trials of a model
LONGEST_S = 30.0  # the whole of it, whatever the model's own patience
MOST_TOKENS = 64  # enough for those that think before they say a word

# What to make of a failure: by a code that we know, else by its type. A vendor's own sentence, or a code that
# nobody here knows, is not shown: it may quote anything.
_NO_SUCH_MODEL = "The address and the key work. There is no model of that name, or the key may not use it."
_UNPAID = "The address and the key work. The account’s quota is used up, or it is not paid for."
MEANS = {
    "model_not_found": _NO_SUCH_MODEL,
    "not_found_error": _NO_SUCH_MODEL,
    "insufficient_quota": _UNPAID,
    "billing_error": _UNPAID,
    "private_address": "Its address leads to a private network. PRIVATE_HOSTS can allow that.",
    "timeout": "It did not begin to answer in time. A local server may have been loading it: try again.",
    "rate_limited": "The address and the key work. The vendor lets us ask no more for now.",
    "overloaded": "The address and the key work. The vendor has too much to do; try again later.",
    "auth": "The address works. The key is wrong, has expired, or may not use this model.",
    "connection": "Nothing there speaks this wire. Check the base URL, and that the server is up.",
    "context_length": "The model says that even this is too long: its server is set up for too little.",
    "content_filter": "The vendor refuses to answer even this. Look at the account’s policies.",
    "budget_exceeded": "A budget of this workspace is used up, so nobody was asked.",
    "internal": "The vendor does not take the request. Check the model’s name and its options.",
}


class TooSoon(Exception):
    """A trial of this model is being made, or just was."""


@dataclass(frozen=True, slots=True)
class Result:
    ok: bool
    said: str  # what came back, in a sentence
    means: str  # what to make of it
    error_type: str = ""


def make(model: LanguageModel) -> Result:
    """Ask the model for a word and say what came. Takes up to LONGEST_S; a thread's work. Raises TooSoon.

    It counts toward the budgets and is written down like any attempt, as feature "test".
    """
    turn = f"model-trial:{model.pk}"
    if not cache.add(turn, 1, timeout=LONGEST_S + EVERY_S):
        raise TooSoon
    try:
        candidate = candidate_of(model)
        leave_database()
        return async_to_sync(_ask)(model, candidate)
    finally:
        cache.set(turn, 1, timeout=EVERY_S)


async def _ask(model: LanguageModel, candidate: Candidate) -> Result:
    request = Request(
        workspace_id=model.workspace_id,
        feature="test",
        system="",
        messages=[Message("user", "Say OK.")],
        temperature=0.3,
        max_tokens=MOST_TOKENS,
    )
    attempt = Attempt(request, candidate, number=1, fallback=0, fallback_from="")
    try:
        reservation = await budget.reserve(request, candidate, attempt.id)
    except ProviderError as error:
        return _failed(model, error, attempt.seconds)
    failure = None
    try:
        async with asyncio.timeout(LONGEST_S):
            await _listen(attempt)
    except ProviderError as error:
        failure = error
    except TimeoutError:
        failure = ProviderError("timeout")
    except BaseException:
        attempt.cancelled()
        raise
    finally:
        try:
            if failure:
                attempt.failed(failure)
            row = attempt.row()
            reservation.settle(row.cost_usd)
        finally:
            reservation.release()  # whatever else went wrong; it is settled otherwise
        await budget.drain()
        await ledger.store([row])
    if failure:
        return _failed(model, failure, attempt.seconds)
    return _answered(model, row)


async def _listen(attempt: Attempt) -> None:
    model = attempt.candidate.model
    vendor = await asyncio.to_thread(adapter, model.endpoint.kind)
    client = await asyncio.to_thread(vendor.connect, model.endpoint)
    try:
        async with aclosing(vendor.stream(client, attempt.request, model)) as events:
            async for event in events:
                attempt.saw(event)
    finally:
        await client.close()


def _answered(model: LanguageModel, row: ModelCall) -> Result:
    if row.first_token_ms is None:
        said = f"{model.name} ended its answer after {row.duration_ms} ms without a word."
        means = (
            f"It may think first, and {MOST_TOKENS} tokens were not enough. It works as far as this tells."
        )
        return Result(True, said, means)
    said = f"{model.name} answered: its first token came after {row.first_token_ms} ms, its last after "
    counted = "counted from the text" if row.estimated else "as the vendor counts"
    cost = f"It cost ${row.cost_usd.normalize():f}, by the prices set here." if row.cost_usd else ""
    means = f"{row.tokens_in} tokens in, {row.tokens_out} out, {counted}. {cost}".strip()
    return Result(True, f"{said}{row.duration_ms} ms.", means)


def _failed(model: LanguageModel, error: ProviderError, seconds: float) -> Result:
    said = f"{model.name} did not answer: {error.type} after {round(seconds * 1_000)} ms. {error.message}"
    return Result(False, said, MEANS.get(error.code) or MEANS[_known(error.type)], error.type)


def _known(error_type: str) -> str:
    return error_type if error_type in MEANS else "internal"
