"""What goes wrong on the way of a webhook, and what is left at the end."""

import asyncio
import dataclasses
import json
from collections import Counter

import pytest

from simulator import Mishaps
from simulator.platform.webhooks import (
    EVENTS,
    ON_BY_DEFAULT,
)
from tests.simulator.platform.telling import signed_at, telling, until
from tests.simulator.receiver import Receiver


@pytest.mark.parametrize("kind", ["duplicates", "reorder", "late"])
def test_mishaps_happen_at_their_rate_and_not_to_others(kind):
    wrong = {"duplicates": "again_after", "reorder": "behind", "late": "late_by"}
    mishaps = Mishaps(**{kind: 0.1})
    fates = [mishaps.fate(7, call, event, 0) for call in range(500) for event in EVENTS]

    for name, field in wrong.items():
        happened = sum(getattr(fate, field) not in (None, 0) for fate in fates)
        if field == "again_after":
            happened = sum(fate.again_after is not None for fate in fates)
        assert happened == pytest.approx(400 if name == kind else 0, rel=0.15)


def test_the_same_seed_gives_the_same_mishaps():
    mishaps = Mishaps(duplicates=0.3, reorder=0.3, late=0.3)

    def fates(seed, mishaps=mishaps):
        return [mishaps.fate(seed, call, event, 0) for call in range(50) for event in EVENTS]

    assert fates(1) == fates(1)
    assert fates(1) != fates(2)
    repeated = [fate.again_after for fate in fates(1)]
    assert [fate.again_after for fate in fates(1, dataclasses.replace(mishaps, late=0.0))] == repeated


async def test_duplicates_are_the_same_body_again():
    async with Receiver() as receiver, telling(receiver.target(), mishaps=Mishaps(duplicates=1.0)) as world:
        await world.call("survey")
        await world.settled()

    assert set(Counter(attempt.body for attempt in receiver.attempts).values()) == {2}


async def test_reordered_ones_come_behind_the_next_and_none_is_lost():
    async def arrivals(mishaps):
        async with Receiver() as receiver, telling(receiver.target(), mishaps=mishaps) as world:
            await world.call("visit_reminder")
            await world.settled()
        return [(a.event, len(a.call.get("transcript", ""))) for a in receiver.attempts]

    calm, shuffled = await arrivals(Mishaps()), await arrivals(Mishaps(reorder=0.4))

    assert shuffled != calm
    assert sorted(shuffled) == sorted(calm)


async def test_late_ones_come_when_the_call_is_long_over():
    async with (
        Receiver() as receiver,
        telling(receiver.target(events=ON_BY_DEFAULT), mishaps=Mishaps(late=1.0)) as world,
    ):
        await asyncio.gather(*(world.call("survey", variant=n) for n in range(6)))
        await world.settled()
        counts = world.webhooks.counts

    copies = Counter(attempt.body for attempt in receiver.attempts)
    assert len(copies) == counts.late == counts.accepted == 18
    assert set(copies.values()) == {1, 2}
    times = {body: [signed_at(a) for a in receiver.attempts if a.body == body] for body in copies}
    for body, (first, *again) in times.items():
        over = json.loads(body)["call"].get("end_timestamp")
        assert all(then - first > 100 for then in again)
        assert over or again or first - json.loads(body)["call"]["start_timestamp"] > 100


# --- the end -------------------------------------------------------------------------------------------


async def test_at_the_end_what_is_unsent_is_tried_once_more():
    async with Receiver() as receiver:
        async with telling(receiver.target(), mishaps=Mishaps(late=1.0)) as world:
            await world.call("survey")

        assert len({attempt.body for attempt in receiver.attempts}) == 15
        assert world.webhooks.counts.given_up == 0


async def test_what_cannot_be_delivered_at_the_end_is_counted():
    said = []
    async with (
        Receiver(lambda attempt, n: 500) as receiver,
        telling(receiver.target(events=["call_ended"]), say=said.append) as world,
    ):
        await world.call("survey")

    assert said[-1] == "1 webhooks were not delivered."


async def test_a_call_that_is_hung_up_at_the_end_is_told_to_have_ended():
    async with Receiver() as receiver, telling(receiver.target()) as world:
        calling = asyncio.create_task(world.call("survey"))
        await until(lambda: len(receiver.attempts) > 3)
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        await world.webhooks.settled()

    assert receiver.of("call_ended")[0].call["disconnection_reason"] == "manual_stopped"
