"""Who answers, what happens when they do not, and what is written down about it."""

import asyncio
from contextlib import aclosing
from decimal import Decimal
from time import monotonic

import pytest

from agents.llm import router
from agents.llm.events import Failed, Finish, Started, TextDelta, Usage
from agents.models import LanguageModel, Provider, Tier
from base.ids import uuid7
from tests.agents.vendors import CUT, HANG, HELLO, PING, Counts, Oops, Part, Refuse, Say, Stop, Wait

BOTH = pytest.mark.parametrize("kind", ["openai", "anthropic"])


def text_of(events) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


@BOTH
async def test_it_gives_the_answer_as_it_comes(kind, vendors, add_model, ask):
    await add_model("a", kind=kind)
    vendors.play("a", *HELLO)

    assert await ask() == [
        Started(kind, "a", fallback=0),
        TextDelta("Hel"),
        TextDelta("lo."),
        Usage(tokens_in=12, tokens_cached=0, tokens_out=3, cost_usd=Decimal("0.000054")),
        Finish("stop"),
    ]


@BOTH
async def test_it_writes_down_what_an_answer_took(kind, vendors, add_model, ask, recorded):
    await add_model("a", kind=kind, price_cached=Decimal("0.5"))
    vendors.play("a", Wait(0.02), Say("Yes."), Stop(), Counts(fresh=600, cached=400, out=20))

    await ask()

    [row] = await recorded()
    assert (row.model, row.provider, row.tier, row.feature) == ("a", kind, "fast", "voice")
    assert (row.tokens_in, row.tokens_cached, row.tokens_out, row.estimated) == (1_000, 400, 20, False)
    assert row.cost_usd == Decimal("0.0016")  # 600 at 2, 400 at 0.5, 20 at 10, per million
    assert 20 <= row.first_token_ms <= row.duration_ms < 2_000
    assert (row.finish, row.error_type, row.attempt, row.fallback_from) == ("stop", "", 1, "")
    assert row.trace_id == "0" * 32


@BOTH
async def test_it_stops_where_every_model_would_say_the_same(kind, vendors, add_model, ask, recorded):
    await add_model("a", kind=kind)
    await add_model("b", kind=kind)
    vendors.play("a", Refuse(400, "invalid_request_error", "temperature: not allowed"))

    *_, failed = await ask()

    assert isinstance(failed, Failed)
    assert (failed.type, failed.retryable) == ("internal", False)
    assert "not allowed" not in failed.message  # the vendor's words stay with the vendor
    assert [row.model for row in await recorded()] == ["a"]


@BOTH
async def test_it_never_joins_two_halves(kind, vendors, add_model, ask, recorded):
    await add_model("a", kind=kind)
    await add_model("b", kind=kind)
    vendors.play("a", Say("I will "), Oops("overloaded_error"))

    events = await ask()

    assert text_of(events) == "I will "
    assert isinstance(events[-2], Usage)
    assert (events[-1].type, events[-1].retryable) == ("overloaded", True)
    [row] = await recorded()
    assert (row.finish, row.error_type, row.estimated) == ("error", "overloaded", True)
    assert row.tokens_out >= 2
    assert row.request_id == "req_1"


@BOTH
async def test_it_asks_a_model_again_whose_connection_broke_early(kind, vendors, add_model, ask, recorded):
    await add_model("a", kind=kind, retries=1)
    vendors.play("a", CUT)
    vendors.play("a", *HELLO)

    events = await ask()

    assert (events[0].fallback, text_of(events)) == (0, "Hello.")
    first, second = await recorded()
    assert (first.error_type, first.attempt) == ("connection", 1)
    assert (second.finish, second.attempt, second.fallback_from) == ("stop", 2, "")


async def test_it_waits_for_a_vendor_that_asks_for_a_moment(vendors, add_model, ask):
    await add_model("a", retries=1)
    await add_model("b")
    vendors.play("a", Refuse(429, headers={"retry-after-ms": "60"}))
    vendors.play("a", *HELLO)

    began = monotonic()
    events = await ask()

    assert (events[0].model, text_of(events)) == ("a", "Hello.")
    assert monotonic() - began >= 0.06


async def test_it_goes_on_where_nobody_listens(vendors, add_model, ask, recorded):
    await add_model("a", url="http://127.0.0.1:1")
    await add_model("b", url="http://[")
    await add_model("c", kind="anthropic", url="http://[")
    await add_model("d")
    vendors.play("d", *HELLO)

    events = await ask()

    assert events[0] == Started("openai", "d", fallback=3)
    assert {row.error_type for row in await recorded() if row.model != "d"} == {"connection"}


async def test_it_says_the_last_failure_when_all_fail(vendors, add_model, ask, recorded):
    await add_model("a")
    await add_model("b", kind="anthropic")
    vendors.play("a", Refuse(500))
    vendors.play("b", Refuse(529, "overloaded_error"))

    assert await ask() == [Failed("overloaded", "The model provider is overloaded.", retryable=True)]
    assert [(row.model, row.cost_usd) for row in await recorded()] == [("a", 0), ("b", 0)]


async def test_it_says_so_when_no_model_is_enabled(vendors, add_model, ask, recorded):
    model = await add_model("a")
    await LanguageModel.objects.filter(pk=model.pk).aupdate(enabled=False)

    assert await ask() == [Failed("internal", "No model is set up and enabled.", retryable=False)]
    assert await recorded() == []


@pytest.mark.parametrize(
    ("tier", "order"),
    [
        ("fast", ["f1", "f2", "s", "p"]),
        ("standard", ["s", "f1", "f2", "p"]),
        ("premium", ["p", "s", "f1", "f2"]),
    ],
)
async def test_it_asks_the_tier_first_then_cheaper_then_dearer(
    tier, order, vendors, add_model, ask, recorded
):
    await add_model("f2", tier="fast", rank=1)
    await add_model("f1", tier="fast", rank=0)
    await add_model("p", tier="premium", rank=0)
    await add_model("s", tier="standard", rank=0)
    for name in order:
        vendors.play(name, Refuse(500))

    await ask(tier=tier)

    assert [row.model for row in await recorded()] == order


async def test_it_asks_the_preferred_provider_first_within_each_tier(
    vendors, add_model, ask, recorded, workspace
):
    await add_model("a", tier="fast")
    await add_model("b", tier="standard")
    await add_model("c", kind="anthropic", tier="fast")
    await add_model("d", kind="anthropic", tier="standard")
    for name in "abcd":
        vendors.play(name, Refuse(500))

    await ask(tier="standard", provider="anthropic", turn="answer-7")

    rows = await recorded()
    assert [row.model for row in rows] == ["d", "b", "c", "a"]
    assert {row.turn for row in rows} == {"answer-7"}
    planned = await router.plan(workspace.pk, "standard", "anthropic")
    assert [one.model.name for one in planned.models] == ["d", "b", "c", "a"]
    assert planned.available


async def test_a_chain_that_is_given_is_all_who_are_asked(vendors, add_model, ask, recorded, workspace):
    models = {name: await add_model(name, tier=tier) for name, tier in zip("abc", Tier.values, strict=True)}
    for name in "abc":
        vendors.play(name, Refuse(500))
    chain = [str(models["c"].pk), str(uuid7()), str(models["a"].pk)]

    await ask(tier="standard", provider="nobody", chain=chain)

    assert [row.model for row in await recorded()] == ["c", "a"]
    planned = await router.plan(workspace.pk, "standard", chain=chain)
    assert [one.model.name for one in planned.models] == ["c", "a"]
    assert not (await router.plan(workspace.pk, "fast", chain=[str(uuid7())])).models


async def test_nothing_is_planned_where_no_model_is_set_up(workspace, vendors):
    assert await router.plan(workspace.pk, "fast") == router.Plan((), asked=())


async def test_it_leaves_out_a_provider_that_is_switched_off(vendors, add_model, ask):
    await add_model("a", kind="anthropic")
    await add_model("b")
    await Provider.objects.filter(kind="anthropic").aupdate(enabled=False)
    vendors.play("b", *HELLO)

    assert (await ask())[0] == Started("openai", "b", fallback=0)


async def test_it_never_asks_another_workspaces_models(vendors, add_model, ask, django_user_model):
    await add_model("a")
    vendors.play("a", *HELLO)

    assert [type(event) for event in await ask(workspace_id=django_user_model().pk)] == [Failed]


@BOTH
@pytest.mark.parametrize("said", [[], [Say("One ")]])
async def test_it_aborts_the_vendor_when_its_reader_is_cancelled(
    kind, said, vendors, add_model, ask, recorded
):
    await add_model("a", kind=kind)
    vendors.play("a", *said, HANG)
    asking = asyncio.create_task(ask())
    await vendors.anybody.wait()

    began = monotonic()
    asking.cancel()
    async with asyncio.timeout(1):
        await vendors.requests[0].hung_up.wait()

    assert monotonic() - began < 1
    assert asking.cancelled()
    [row] = await recorded()
    assert (row.finish, row.error_type, row.estimated) == ("cancelled", "", True)
    assert row.tokens_in > 0


@BOTH
async def test_it_aborts_the_vendor_when_it_is_closed(kind, vendors, add_model, request_of, recorded):
    await add_model("a", kind=kind)
    vendors.play("a", Say("One "), Say("two "), HANG)

    async with aclosing(router.stream(request_of())) as answer:
        async for event in answer:
            if event == TextDelta("two "):
                break
    async with asyncio.timeout(1):
        await vendors.requests[0].hung_up.wait()

    [row] = await recorded()
    assert (row.finish, row.tokens_out, row.estimated) == ("cancelled", 2, True)
    assert row.cost_usd > 0


@BOTH
async def test_it_keeps_the_connection_for_the_next_answer(kind, vendors, add_model, ask):
    await add_model("a", kind=kind)
    vendors.play("a", *HELLO)

    await ask()
    await ask()

    first, second = vendors.requests
    assert first.connection == second.connection


async def test_it_counts_the_words_itself_where_a_server_does_not(vendors, add_model, ask):
    await add_model("a")
    vendors.play("a", Say("12345678"), Stop())

    *_, usage, finish = await ask()

    assert (usage.tokens_out, usage.estimated, finish) == (2, True, Finish("stop"))
    assert usage.tokens_in > 5


async def test_it_is_patient_with_a_slow_but_steady_answer(vendors, add_model, ask):
    await add_model("a", timeout_ms=600)
    steps = [step for n in range(8) for step in (Wait(0.1), Say(str(n)))]
    vendors.play("a", *steps, Stop())

    assert text_of(await ask()) == "01234567"


@BOTH
async def test_a_sign_of_life_is_not_a_token(kind, vendors, add_model, ask):
    await add_model("a", kind=kind, timeout_ms=200)
    vendors.play("a", *[Wait(0.1), PING] * 20, *HELLO)

    began = monotonic()
    assert [(event.type, event.retryable) for event in await ask()] == [("timeout", True)]
    assert monotonic() - began < 1.5


@BOTH
async def test_it_passes_on_only_what_can_be_kept(kind, vendors, add_model, ask):
    await add_model("a", kind=kind)
    call = Part('{"note": "\\ud83d"}', id="t1", name="note")
    vendors.play("a", Say("half \ud83d"), Say(" none\0"), call, Stop("tool_calls"))

    _, half, none, call, *_ = await ask()

    assert (half.text, none.text, call.arguments) == ("half \ufffd", " none\ufffd", {"note": "\ufffd"})


async def test_it_keeps_its_books_with_many_at_once(vendors, add_model, ask, recorded):
    await add_model("a")
    await add_model("b", kind="anthropic")
    vendors.play("a", Refuse(529))
    vendors.play("b", Say("One "), Wait(0.05), Say("two."), Stop(), Counts(fresh=10, out=4))
    asking = [asyncio.create_task(ask()) for _ in range(60)]
    await vendors.anybody.wait()

    for task in asking[::3]:
        task.cancel()
    answers = await asyncio.gather(*asking, return_exceptions=True)

    assert [text_of(answer) for answer in answers if isinstance(answer, list)] == ["One two."] * 40
    rows = await recorded()
    assert sum(row.model == "b" and row.finish == "stop" for row in rows) == 40
    assert len(rows) >= len(vendors.requests)  # some were cancelled on their way to the vendor


@BOTH
async def test_a_broken_tool_call_is_nobodys_answer_yet(kind, vendors, add_model, ask):
    await add_model("a", kind=kind)
    await add_model("b", kind=kind)
    vendors.play("a", Part('{"post', id="t1", name="outage__lookup"), Oops("overloaded_error"))
    vendors.play("b", *HELLO)

    assert (await ask())[0] == Started(kind, "b", fallback=1)
