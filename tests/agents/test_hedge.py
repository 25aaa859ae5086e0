"""Where the first token is late the next model is asked as well, and whoever begins to speak is heard."""

import asyncio
from contextlib import aclosing
from types import SimpleNamespace

import pytest

from agents.llm.attempt import AttemptFailed
from agents.llm.errors import ProviderError
from agents.llm.events import Finish, Started, TextDelta
from agents.llm.hedge import race
from tests.agents.vendors import HANG, HELLO
from tests.live.house import until

BOTH = pytest.mark.parametrize("kind", ["openai", "anthropic"])
BUSY = ProviderError("overloaded", retryable=True, falls_through=True)
REFUSED = ProviderError("content_filter")


class Speaker:
    """Says its name twice, once it may; or fails."""

    def __init__(self, name: str, *, error: ProviderError | None = None) -> None:
        self.name, self.error = name, error
        self.asked, self.may, self.gone = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def answer(self):
        self.asked.set()
        try:
            await self.may.wait()
            if self.error:
                raise AttemptFailed(SimpleNamespace(candidate=self.name), self.error)
            yield TextDelta(self.name)
            yield TextDelta(self.name)
        finally:
            self.gone.set()


async def heard(lead: Speaker, other: Speaker | None, *, seconds: float = 0.0) -> str:
    async with aclosing(race(lead.answer(), seconds, lambda: other.answer() if other else None)) as events:
        return "".join([event.text async for event in events])


async def test_the_other_is_heard_when_it_begins_first():
    lead, other = Speaker("a"), Speaker("b")
    other.may.set()

    assert await heard(lead, other) == "bb"
    assert lead.gone.is_set()


async def test_the_first_is_heard_if_it_begins_before_the_other():
    lead, other = Speaker("a"), Speaker("b")
    hearing = asyncio.create_task(heard(lead, other))
    await other.asked.wait()
    lead.may.set()

    assert await hearing == "aa"
    assert other.gone.is_set()


async def test_when_both_begin_at_once_the_other_is_sent_away_while_the_first_still_speaks():
    lead, other = Speaker("a"), Speaker("b")
    async with aclosing(race(lead.answer(), 0.0, other.answer)) as events:
        first = asyncio.create_task(anext(events))
        await other.asked.wait()
        lead.may.set()
        other.may.set()

        assert await first == TextDelta("a")
        async with asyncio.timeout(5):
            await other.gone.wait()
        assert [event async for event in events] == [TextDelta("a")]


async def test_nobody_else_is_asked_when_the_first_is_in_time():
    lead, other = Speaker("a"), Speaker("b")
    lead.may.set()

    assert await heard(lead, other, seconds=60) == "aa"
    assert not other.asked.is_set()


async def test_with_nobody_else_to_ask_it_waits():
    lead = Speaker("a")
    asyncio.get_running_loop().call_later(0.02, lead.may.set)

    assert await heard(lead, None) == "aa"


@pytest.mark.parametrize("error", [BUSY, REFUSED])
async def test_the_other_failing_leaves_the_word_to_the_first(error):
    lead, other = Speaker("a"), Speaker("b", error=error)
    other.may.set()
    hearing = asyncio.create_task(heard(lead, other))
    await other.gone.wait()
    lead.may.set()

    assert await hearing == "aa"


async def test_the_first_failing_leaves_the_word_to_the_other():
    lead, other = Speaker("a", error=BUSY), Speaker("b")
    hearing = asyncio.create_task(heard(lead, other))
    await other.asked.wait()
    lead.may.set()
    await lead.gone.wait()
    other.may.set()

    assert await hearing == "bb"


async def test_a_first_that_every_model_would_repeat_ends_it():
    lead, other = Speaker("a", error=REFUSED), Speaker("b")
    hearing = asyncio.create_task(heard(lead, other))
    await other.asked.wait()
    lead.may.set()

    with pytest.raises(AttemptFailed) as failure:
        await hearing
    assert failure.value.error is REFUSED
    assert other.gone.is_set()


@pytest.mark.parametrize(("error", "told"), [(BUSY, "a"), (REFUSED, "b")])
async def test_when_both_fail_that_is_told_which_stops_the_chain(error, told):
    lead, other = Speaker("a", error=BUSY), Speaker("b", error=error)
    other.may.set()
    hearing = asyncio.create_task(heard(lead, other))
    await other.gone.wait()
    lead.may.set()

    with pytest.raises(AttemptFailed) as failure:
        await hearing
    assert failure.value.attempt.candidate == told


# --- At vendors ---


@BOTH
async def test_the_loser_is_closed_and_both_are_paid_for(kind, vendors, add_model, ask, recorded):
    await add_model("a", kind=kind, hedge_ms=60)
    await add_model("b", kind=kind)
    vendors.play("a", HANG)
    vendors.play("b", *HELLO)

    events = await ask()

    assert (events[0], events[-1]) == (Started(kind, "b", fallback=1), Finish("stop"))
    async with asyncio.timeout(1):
        await vendors.asked("a")[0].hung_up.wait()
    late, answered = await recorded()
    assert (late.model, late.finish, late.error_type, late.estimated) == ("a", "cancelled", "", True)
    assert (answered.model, answered.finish, answered.attempt) == ("b", "stop", 2)
    assert answered.fallback_from == "a"
    assert min(late.cost_usd, answered.cost_usd) > 0


async def test_both_are_sent_away_when_nobody_listens_any_more(vendors, add_model, ask, recorded):
    await add_model("a", hedge_ms=60)
    await add_model("b")
    vendors.play("a", HANG)
    vendors.play("b", HANG)
    asking = asyncio.create_task(ask())
    await until(lambda: len(vendors.requests) == 2)

    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    async with asyncio.timeout(1):
        for seen in vendors.requests:
            await seen.hung_up.wait()
    assert [(row.model, row.finish) for row in await recorded()] == [("a", "cancelled"), ("b", "cancelled")]
