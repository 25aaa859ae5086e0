"""A model that is sick is left alone by every process, and tried by one."""

import asyncio
from decimal import Decimal
from functools import partial

import pytest
from asgiref.sync import sync_to_async
from django.test import override_settings

from agents.llm import chain, circuit, router
from agents.llm.chain import Candidate
from agents.llm.circuit import Circuits, State
from agents.llm.errors import ProviderError
from agents.llm.events import Failed, Finish, Started
from agents.llm.pricing import Prices
from agents.llm.providers.base import Endpoint, Model
from agents.models import LanguageModel, Provider
from base.ids import uuid7
from base.shared import Away, shared
from tests.agents.vendors import HANG, HELLO, Refuse, Say
from tests.base.silence import silent_redis
from tests.live.house import until

NOW = 1_000_000.0
BUSY = ProviderError("overloaded", code="529", retryable=True, falls_through=True)
sick = partial(circuit.failed, type="overloaded", certain=False, opens=0)


standing = sync_to_async(circuit.standing)


# --- What a circuit is ---


def after(*moments: float) -> State:
    state = None
    for moment in moments:
        state = sick(state, NOW + moment)
    return state


def test_it_opens_after_five_failures_in_a_row():
    assert after(0, 1, 2, 3).stage(NOW + 3) == "closed"
    assert after(0, 1, 2, 3, 4).stage(NOW + 4) == "open"


def test_failures_far_apart_are_not_in_a_row():
    assert after(0, 1, 2, 3, 40).stage(NOW + 40) == "closed"


def test_an_answer_ends_the_row():
    assert circuit.answered(after(0, 1, 2, 3), NOW + 4) is None


def test_it_is_open_for_a_while_then_half_then_forgotten():
    state = after(0, 0, 0, 0, 0)

    assert [state.stage(NOW + seconds) for seconds in (9, 11, 129, 131)] == [
        "open",
        "half-open",
        "half-open",
        "closed",
    ]


def test_it_is_left_alone_twice_as_long_each_time_that_it_fails_again():
    state, at, lasted = after(0, 0, 0, 0, 0), NOW, []
    for _ in range(6):
        lasted.append(round(state.until - at))
        at = state.until + 1
        state = sick(state, at)

    assert lasted == [10, 20, 40, 80, 120, 120]


def test_failures_of_those_who_asked_before_it_opened_change_nothing():
    state = after(0, 0, 0, 0, 0)

    assert sick(state, NOW + 1) == state


def test_only_one_may_try_and_another_when_nothing_came_of_that():
    state = after(0, 0, 0, 0, 0)
    tried = circuit.claimed(state, NOW + 11)

    assert tried != state
    assert circuit.claimed(state, NOW + 9) == state  # still open
    assert circuit.claimed(tried, NOW + 12) == tried
    assert circuit.claimed(tried, NOW + 32) != tried


# --- Processes ---


class Clock:
    """All processes' clock, to be put forward."""

    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def candidate() -> Candidate:
    model = Model(Endpoint("openai", "http://vendor/v1", "sk"), "m", 8.0)
    return Candidate(model, "OpenAI", "fast", Prices(Decimal(2), Decimal(10)), circuit=uuid7().hex)


@pytest.fixture
def no_redis():
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        yield


@pytest.fixture
async def process(clock):
    """`process()` is the circuits as one more process sees them."""
    made: list[Circuits] = []
    shared().seconds = 10.0  # for a slow machine

    def make() -> Circuits:
        made.append(Circuits(clock))
        return made[-1]

    yield make
    for one in made:
        await one.close()
    await shared().close()


def fails(one: Circuits, candidate: Candidate) -> None:
    for _ in range(circuit.FAILURES):
        one.failed(candidate, BUSY)


async def test_what_one_process_learns_all_know(process, candidate):
    one, other = process(), process()
    assert other.admits(candidate)

    fails(one, candidate)

    assert not one.admits(candidate)  # at once
    await until(lambda: not other.admits(candidate))
    assert other.refusal(candidate).type == "overloaded"
    assert (await standing())[candidate.circuit].stage(NOW) == "open"


async def test_failures_of_several_processes_are_counted_together(process, candidate):
    processes = [process() for _ in range(circuit.FAILURES)]
    for one in processes:
        one.failed(candidate, BUSY)

    await until(lambda: not any(one.allows(candidate) for one in processes))


async def test_one_request_of_one_process_tries_it(process, candidate, clock):
    processes = [process() for _ in range(4)]
    fails(processes[0], candidate)
    await until(lambda: not any(one.admits(candidate) for one in processes))
    clock.now += 11
    tried: list[Circuits] = []

    def ask() -> bool:
        tried.extend(one for one in processes * 3 if one.admits(candidate))
        return bool(tried)

    await until(ask)
    for one in processes:
        await one.look()
    ask()
    assert len(tried) == 1

    tried[0].answered(candidate)
    await until(lambda: all(one.admits(candidate) for one in processes))


async def test_where_no_other_could_answer_the_first_that_comes_tries_it(process, candidate, clock):
    one, other = process(), process()
    assert other.admits(candidate)
    fails(one, candidate)
    await until(lambda: not other.allows(candidate))
    clock.now += 11
    assert one.allows(candidate)

    assert [one.admits(candidate, last=True) for _ in range(2)] == [True, False]

    assert not one.allows(candidate)
    await until(lambda: not other.allows(candidate))
    assert not other.admits(candidate, last=True)


async def test_an_answer_that_came_closes_it_for_all(process, candidate):
    one, other = process(), process()
    for _ in range(circuit.FAILURES - 1):
        one.failed(candidate, BUSY)
    await one.look()
    await other.look()

    other.answered(candidate)
    await other.look()
    await one.look()
    one.failed(candidate, BUSY)

    assert one.admits(candidate)


async def test_without_redis_a_process_knows_what_it_has_seen(no_redis, process, candidate, clock):
    one = process()
    assert one.admits(candidate)
    fails(one, candidate)
    assert not one.admits(candidate)
    with pytest.raises(Away):
        await one.look()

    clock.now += 11
    assert [one.admits(candidate) for _ in range(3)] == [True, False, False]


async def test_what_is_long_over_is_swept_away(process, candidate, clock):
    one = process()
    one.failed(candidate, BUSY)
    await one.look()
    assert candidate.circuit in await standing()

    clock.now += 300
    await one.look()
    await one.look()

    assert candidate.circuit not in await standing()


async def test_what_another_version_of_us_wrote_is_passed_over(process, candidate):
    await shared().client.hset(circuit.KEY, candidate.circuit, '{"of": "the future"}')
    one = process()

    await one.look()
    one.failed(candidate, BUSY)
    await one.look()

    assert (await standing())[candidate.circuit].failures == 1


# --- Answers ---


@pytest.fixture
def open_for_long(monkeypatch):
    """On a slow machine nobody tries again meanwhile."""
    monkeypatch.setattr(circuit, "OPEN_SECONDS", 100.0)
    monkeypatch.setattr(circuit, "ROW_SECONDS", 100.0)


async def test_a_model_that_fails_again_and_again_is_not_asked(
    open_for_long, vendors, add_model, ask, recorded
):
    await add_model("a")
    await add_model("b")
    vendors.play("a", Refuse(500))
    vendors.play("b", *HELLO)

    for _ in range(circuit.FAILURES + 3):
        assert (await ask())[0] == Started("openai", "b", fallback=1)

    assert len(vendors.asked("a")) == circuit.FAILURES
    rows = await recorded()
    assert len(rows) == 2 * circuit.FAILURES + 3
    assert {row.fallback_from for row in rows if row.model == "b"} == {"a"}


@pytest.mark.parametrize("others", [[], ["b"]])
async def test_the_only_one_left_is_tried_by_the_first_request_after_its_time(
    others, open_for_long, vendors, add_model, ask
):
    for name in ["a", *others]:
        await add_model(name)
        for _ in range(circuit.FAILURES):
            vendors.play(name, Refuse(500))
        vendors.play(name, *HELLO)
    clock = router._router().circuits._clock = Clock()
    for _ in range(circuit.FAILURES):
        await ask()
    await router._router().circuits.look()
    clock.now += 101

    answered = await ask()

    assert answered[-1] == Finish("stop")


async def test_a_redis_that_says_nothing_holds_nobody_up(open_for_long, vendors, add_model, ask):
    await add_model("a")
    await add_model("b")
    vendors.play("a", Refuse(500))
    vendors.play("b", *HELLO)

    async with silent_redis() as url:
        with override_settings(REDIS_URL=url):
            answers = [await ask() for _ in range(circuit.FAILURES + 1)]
            await router.close()
            await shared().close()

    assert {events[0].model for events in answers} == {"b"}
    assert len(vendors.asked("a")) == circuit.FAILURES


async def test_what_only_a_person_can_mend_is_left_alone_at_once(vendors, add_model, ask, workspace):
    await add_model("a")
    vendors.play("a", Refuse(401, "invalid_api_key"))
    refused = Failed("auth", "The model provider does not accept our key.", retryable=False)
    assert (await router.plan(workspace.pk, "fast")).available

    assert [await ask(), await ask()] == [[refused], [refused]]

    assert len(vendors.asked("a")) == 1
    assert not (await router.plan(workspace.pk, "fast")).available


async def test_with_another_key_it_is_another_circuit(vendors, add_model, workspace):
    model = await add_model("a")
    load = sync_to_async(chain.load)
    [before] = await load(workspace.pk)
    await LanguageModel.objects.filter(pk=model.pk).aupdate(rank=7)
    [edited] = await load(workspace.pk)
    await Provider.objects.filter(workspace=workspace).aupdate(base_url="https://elsewhere.example/v1")
    [moved] = await load(workspace.pk)

    assert before.circuit == edited.circuit != moved.circuit


async def test_a_vendor_that_says_when_to_come_back_is_not_asked_before(vendors, add_model, ask):
    await add_model("a")
    await add_model("b")
    vendors.play("a", Refuse(429, headers={"retry-after": "20"}))
    vendors.play("b", *HELLO)

    await ask()
    await ask()

    assert len(vendors.asked("a")) == 1


@pytest.mark.parametrize(
    "play", [[Refuse(400, "content_filter")], [Refuse(400, "invalid_request_error")], [Say("One "), HANG]]
)
async def test_what_is_not_the_models_fault_does_not_count(play, vendors, add_model, ask):
    await add_model("a")
    vendors.play("a", *play)

    for n in range(circuit.FAILURES + 1):
        asking = asyncio.create_task(ask())
        if HANG in play:
            await until(lambda n=n: len(vendors.requests) == n + 1)
            asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    assert len(vendors.asked("a")) == circuit.FAILURES + 1
