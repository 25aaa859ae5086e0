"""Rules on live calls: what fires, once, and what is done about it."""

import pytest
from asgiref.sync import sync_to_async

from calls import services
from calls.models import Call, Event
from live import process
from live.backtest import backtest
from platforms.events import RuleFired, TurnSpoken
from tests.agents.rules.made import rule
from tests.live.ruled import RULES, fired, one_call, speak, tell, tell_all, with_rules
from tests.live.scenes import at, scenes

pytestmark = pytest.mark.busy


async def test_the_watch_and_the_backtest_give_the_same_firings_on_200_calls(agent, watching, log):
    told, before = scenes(200), -1
    escalations = watching()
    longest = max(scene.end_ms for scene in told)
    for now_ms in (45_000, longest):
        calls = await tell_all(agent, told, before, now_ms)
        for scene in told:
            await speak(log, calls[scene.name], scene, now_ms)
        await escalations.look(at(now_ms))
        if now_ms == 45_000:
            escalations = watching()  # somebody else takes over: nothing fires again, nothing is forgotten
            await escalations.look(at(now_ms + 100))
        before = now_ms
    await Call.objects.filter(closed_at=None).aupdate(closed_at=at(longest))  # their holders have let go
    await escalations.look(at(longest + 500))

    past = await sync_to_async(backtest)(agent.workspace_id, agent.pk, RULES, last=200, seconds=600)
    seen = {(call.platform_call_id, firing.rule.id, firing.at_ms) for call, firing in past.fired}
    assert past.calls == 200
    assert (await sync_to_async(backtest)(agent.workspace_id, agent.pk, RULES, seconds=0)).calls == 0
    assert {name for _, name, _ in seen} == {one["id"] for one in RULES}
    assert await fired() == seen
    assert await Event.objects.filter(kind=RuleFired.__name__).acount() == len(seen)


async def test_a_silence_in_which_somebody_speaks_is_none(agent, watching, log):
    await with_rules(agent, rule("silence", seconds=8))
    scene = one_call((2_000, "c0", "hello"), (15_000, "c1", "a long story"))
    scene.events[1] = (15_000, TurnSpoken("c1", at(15_000), "caller", "a long story", 5_000, 15_000, n=2))
    call = await tell(agent, scene, 0, 2_000)
    await speak(log, call, scene, 5_000)
    escalations = watching()

    await escalations.look(at(12_000))
    assert await fired() == set()
    await tell(agent, scene, 2_000, 15_000)
    await escalations.look(at(22_900))
    assert await fired() == set()
    await escalations.look(at(23_100))
    assert await fired() == {("call_1", "r1", 23_000)}


async def test_a_rule_fires_within_a_look_of_the_words_and_flags_the_card(agent, watching):
    await with_rules(agent, rule("asks_for_person", "asks"))
    escalations = watching()
    await tell(agent, one_call((2_000, "c0", "hello")), 0, 2_000)
    await escalations.look(at(2_100))
    await tell(agent, one_call((4_000, "c1", "I want to talk to a person")), 2_000, 4_000)

    await escalations.look(at(4_100))

    call = await Call.objects.aget()
    assert [(one["rule"], one["at_ms"], one["about"], one["done"]) for one in call.alerts] == [
        ("asks", 4_000, "c1", "alert")
    ]
    assert call.alerts[0]["at"] == at(4_100).isoformat()


async def test_what_nobody_holds_is_only_flagged(agent, watching):
    await with_rules(agent, rule("asks_for_person", do={"do": "end", "say": "Goodbye."}))
    await tell(agent, one_call((4_000, "c1", "I want to talk to a person")), 0, 4_000)

    await watching().look(at(4_100))

    call = await Call.objects.aget()
    assert (call.alerts[0]["do"], call.alerts[0]["done"]) == ("end", "alert")


@pytest.fixture
async def held(agent, watching):
    """A call that somebody holds, in which a person is asked for at 4 s."""
    call = await tell(agent, one_call((2_000, "c0", "hello")), 0, 2_000)
    held = await process.leases().take(call.pk, lambda: None)
    await tell(agent, one_call((4_000, "c1", "I want to talk to a person")), 2_000, 4_000)
    yield call
    await process.leases().release(call.pk, held)


async def alerts() -> list[tuple[str, str]]:
    return [(one["rule"], one["done"]) for one in (await Call.objects.aget()).alerts]


END = {"do": "end", "say": "Goodbye."}
TRANSFER = {"do": "transfer", "to": "+442071234567", "say": "One moment."}


async def test_what_fell_due_while_nobody_looked_ends_no_call_any_more(agent, watching, held):
    await with_rules(agent, rule("asks_for_person", "late", do=END))
    await Call.objects.aupdate(version_id=agent.live_version_id)

    await watching().look(at(4_000 + 5_500))

    assert await alerts() == [("late", "alert")]


async def test_of_an_end_and_a_transfer_at_once_the_transfer_is_done(agent, watching, held):
    both = rule("asks_for_person", "end", do=END), rule("asks_for_person", "over", do=TRANSFER)
    await with_rules(agent, *both)
    await Call.objects.aupdate(version_id=agent.live_version_id)

    await watching().look(at(4_100))

    assert sorted(await alerts()) == [("end", "alert"), ("over", "transfer")]


async def test_a_call_that_was_deleted_is_not_made_anew_by_its_rules(agent, held):
    await Call.objects.all().adelete()

    fired = RuleFired(at(4_100), "r1", 1, name="", at_ms=4_000, about="", do="alert", done="alert", say="")
    assert await sync_to_async(services.record_firing)(held, fired) is None
    assert not await Call.objects.aexists()


async def test_a_fact_that_comes_late_is_taken_in_at_its_own_time(agent, watching):
    await with_rules(agent, rule("asks_for_person", times=2))
    escalations = watching()
    await tell(agent, one_call((9_000, "c1", "I want to talk to a person")), 0, 9_000)
    await escalations.look(at(9_100))
    await tell(agent, one_call((4_000, "c0", "A person, please!")), 0, 4_000)

    await escalations.look(at(9_600))

    assert await fired() == {("call_1", "r1", 9_000)}


async def test_a_call_without_rules_or_with_none_that_are_on_costs_nothing(agent, watching):
    await with_rules(agent)
    await tell(agent, one_call((4_000, "c1", "I want to talk to a person")), 0, 4_000)
    await watching().look(at(4_100))
    assert await fired() == set()
