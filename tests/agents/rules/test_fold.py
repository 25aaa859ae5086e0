"""When rules fire."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agents.rules.follow import Follow
from agents.rules.form import parsed
from agents.rules.happenings import Charged, Facts, Said, TakenBack
from tests.agents.rules.made import rule, said, spent, used

PERSON = "I want to talk to a person."


def fired(rules, happenings, until_ms=600_000, **facts) -> list[tuple[str, int]]:
    following = Follow(parsed(rules if isinstance(rules, list) else [rules]), Facts(**facts))
    following.take(happenings)
    return [(one.rule.id, one.at_ms) for one in following.firings(until_ms)]


def test_words_fire_where_they_end():
    call = [*said("r0", "How can I help?", 0, 1_000), *said("c0", PERSON, 2_000, 4_000)]
    assert fired(rule("asks_for_person"), call) == [("r1", 4_000)]
    assert fired(rule("phrase", phrases=["TALK to"]), call) == [("r1", 4_000)]
    assert fired(rule("phrase", phrases=["alk to"]), call) == []
    assert fired(rule("regex", pattern="how .* help", who="agent"), call) == [("r1", 1_000)]
    assert fired(rule("regex", pattern="how .* help"), call) == []


def test_a_turn_that_grows_counts_once():
    call = [*said("c0", PERSON, 0, 2_000), Said(3_000, "c0", "caller", f"{PERSON} Now.", 3_000)]
    assert fired(rule("asks_for_person", cooldown_s=0), call) == [("r1", 2_000)]
    assert fired(rule("asks_for_person", times=2), call) == []


def test_it_counts_to_as_many_as_it_is_told_and_begins_anew():
    call = [one for n in range(5) for one in said(f"c{n}", PERSON, n * 10_000, n * 10_000 + 2_000)]
    assert fired(rule("asks_for_person", times=2, cooldown_s=0), call) == [("r1", 12_000), ("r1", 32_000)]


def test_it_cools_down():
    call = [one for n in range(5) for one in said(f"c{n}", PERSON, n * 40_000, n * 40_000 + 1_000)]
    assert fired(rule("asks_for_person", cooldown_s=60), call) == [
        ("r1", at) for at in (1_000, 81_000, 161_000)
    ]
    assert fired(rule("asks_for_person", cooldown_s=86_400), call) == [("r1", 1_000)]


def test_moods_count_in_a_row():
    moods = [-0.5, 0.0, -0.3, -0.7, 0.4]
    call = [
        one for n, mood in enumerate(moods) for one in said(f"c{n}", "…", n * 1_000, n * 1_000 + 500, mood)
    ]
    assert fired(rule("sentiment", mood="upset", times=2), call) == [("r1", 3_500)]
    assert fired(rule("sentiment", mood="very_upset", times=1), call) == [("r1", 3_500)]


def test_saying_the_same_again_is_noticed_but_not_yes():
    call = [
        *said("c0", "My bill is wrong for June.", 0, 1_000),
        *said("r1", "My bill is wrong for June.", 1_500, 2_000),
        *said("c1", "Yes.", 3_000, 3_500),
        *said("c2", "Yes.", 4_000, 4_500),
        *said("c3", "The bill is wrong for June, my bill", 5_000, 6_000),
    ]
    assert fired(rule("repeated"), call) == [("r1", 6_000)]
    assert fired(rule("repeated", times=3), call) == []


def test_what_was_taken_back_is_not_said_again():
    answer = "Your bill is sent on Monday."
    call = [*said("r0", answer, 0, 1_000), *said("r1", answer, 4_000, 5_000)]
    again = rule("repeated", who="agent")
    assert fired(again, call) == [("r1", 5_000)]
    assert fired(again, [*call, TakenBack(3_000, "r0")]) == []


def test_tools_that_fail_are_counted_together_or_each_by_itself():
    call = [
        *used("x1", "refund.create", 1_000, 2_000, ok=False),
        *used("x2", "account.lookup", 2_500, 3_000, ok=False),
        *used("x3", "refund.create", 4_000, 5_000, ok=False),
    ]
    assert fired(rule("tool_failed", times=2), call) == [("r1", 3_000)]
    assert fired(rule("tool_failed", times=2, tool="same"), call) == [("r1", 5_000)]
    assert fired(rule("tool_failed", times=1, tool="account.lookup"), call) == [("r1", 3_000)]


def test_silence_fires_once_for_each_time_nobody_speaks():
    call = [*said("r0", "Hello?", 0, 2_000), *said("c0", "Yes", 30_000, 31_000)]
    assert fired(rule("silence", seconds=8, cooldown_s=0), call, 60_000) == [("r1", 10_000), ("r1", 39_000)]
    # Due at that very moment: something may be said in it.
    assert fired(rule("silence", seconds=8), call[:2], 10_000) == []
    assert fired(rule("silence", seconds=8), call, hears_silence=False) == []


def test_nobody_is_silent_while_they_speak_or_are_still_to_be_heard():
    long_turn = said("c0", "a story", 1_000, 40_000)
    assert fired(rule("silence", seconds=8), long_turn, 45_000) == []
    voice = [*said("r0", "…", 0, 500)[:1], Said(500, "r0", "agent", "…", 20_000)]
    assert fired(rule("silence", seconds=8), voice, 29_000) == [("r1", 28_000)]
    # The caller cut in: what was still to be heard was not.
    cut = [*voice, *said("c0", "wait", 3_000, 4_000)]
    assert fired(rule("silence", seconds=8), cut, 29_000) == [("r1", 12_000)]


def test_a_long_call_and_an_expensive_one_fire_once():
    assert fired(rule("duration", minutes=1, cooldown_s=0), [], 600_000) == [("r1", 60_000)]
    assert fired(rule("duration", minutes=1), [], 60_000) == []
    call = [*spent(1_000, "0.30"), *spent(5_000, "0.30"), *spent(9_000, "0.30")]
    assert fired(rule("cost", usd="0.50", cooldown_s=0), call) == [("r1", 5_000)]
    charged = [
        *spent(1_000, "0.30"),
        Charged(2_000, "a", Decimal("0.10")),
        Charged(3_000, "b", Decimal("0.25")),
    ]
    assert fired(rule("cost", usd="0.50"), charged) == [("r1", 3_000)]


def test_the_model_may_say_so_itself():
    assert fired(rule("judged"), used("x1", "escalate", 5_000, 5_001)) == [("r1", 5_000)]


@pytest.mark.parametrize(
    ("only", "fires"),
    [
        ({"channel": "phone"}, True),
        ({"channel": "chat"}, False),
        ({"language": "en"}, True),
        ({"language": "de"}, False),
        ({"after_seconds": 4}, True),
        ({"after_seconds": 5}, False),
        # A Friday, 16:59:58 in London when the words end, and two seconds before closing time.
        ({"hours": "open", "zone": "Europe/London"}, True),
        ({"hours": "closed", "zone": "Europe/London"}, False),
        ({"hours": "open", "zone": "Europe/Paris"}, False),
        ({"hours": "closed", "from": "22:00", "to": "06:00", "zone": "Asia/Tokyo"}, True),
        ({"hours": "open", "from": "22:00", "to": "06:00", "zone": "Asia/Tokyo"}, False),  # Saturday there
    ],
)
def test_it_fires_only_where_its_conditions_hold(only, fires):
    began = datetime(2026, 6, 12, 15, 59, 54, tzinfo=UTC)
    call = said("c0", PERSON, 1_000, 4_000)
    found = fired(rule("asks_for_person", only=only), call, language="en-GB", started_at=began)
    assert bool(found) is fires


def test_several_rules_fire_each_for_itself():
    rules = [
        rule("asks_for_person", "a"),
        rule("phrase", "b", phrases=["person"]),
        rule("silence", "c", seconds=5),
    ]
    assert fired(rules, said("c0", PERSON, 1_000, 4_000), 20_000) == [
        ("a", 4_000),
        ("b", 4_000),
        ("c", 9_000),
    ]
