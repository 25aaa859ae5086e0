from decimal import Decimal
from itertools import permutations

from calls import fold
from calls.fold import PLATFORM, SOCKET, WATCH, WEBHOOK, Fact
from platforms.events import CallAnalyzed, CallEnded, CallStarted, CallTransferred, RuleFired, ToolCalled
from tests.calls.told import ALL, BEGAN, BY_THE_PLATFORM, ON_THE_SOCKET, at, spoken


def facts(source, events):
    return [Fact(source, event) for event in events]


def by_key(records):
    return {record.key: record for record in records}


def test_it_times_a_call_by_our_clock_and_believes_the_platform_about_the_end():
    fields = fold.call_fields(ALL)

    assert fields["started_at"] == BEGAN
    assert fields["ended_at"] == at(9_000)
    assert (fields["end_reason"], fields["outcome"]) == ("user_hangup", "caller_hung_up")
    assert (fields["from_number"], fields["direction"]) == ("+447700900142", "inbound")


def test_it_puts_an_analysis_together_from_its_parts():
    fields = fold.call_fields(ALL)

    assert fields["cost_usd"] == Decimal("0.0706")
    assert fields["summary"] == "Charged twice, one refunded."
    assert (fields["sentiment"], fields["successful"]) == ("positive", True)


def test_an_end_we_only_concluded_is_taken_back_when_the_platform_comes_back():
    told = [
        Fact(SOCKET, CallStarted(BEGAN)),
        Fact(WATCH, CallEnded(at(45_000), "connection_lost", "failed")),
        Fact(SOCKET, CallStarted(at(50_000))),
    ]

    assert fold.call_fields(told)["ended_at"] is None
    assert fold.call_fields(told)["started_at"] == BEGAN


def test_an_end_the_platform_told_stands():
    told = [Fact(PLATFORM, CallEnded(at(9_000), "user_hangup")), Fact(SOCKET, CallStarted(at(50_000)))]

    assert fold.call_fields(told)["ended_at"] == at(9_000)


def test_it_keeps_the_numbers_given_live_and_puts_the_rest_behind_them():
    numbers = {record.key: record.n for record in fold.turns(ALL, ended=True)}

    assert numbers == {"r0": 1, "c0": 2, "r2": 3, "x1": 4, "c1": 5, "r3": 6, "c2": 7}


def test_a_call_nobody_watched_is_numbered_as_its_transcript():
    numbers = {record.key: record.n for record in fold.turns(facts(PLATFORM, BY_THE_PLATFORM), ended=True)}

    assert numbers == {"r0": 1, "c0": 2, "r2": 3, "x1": 4, "c1": 5, "c2": 6}


def test_two_turns_that_were_given_the_same_number_both_stay():
    told = facts(SOCKET, [spoken("c0", "Hello?", 0, 500, n=1), spoken("r0", "Hello.", 100, 600, n=1)])

    assert {record.key: record.n for record in fold.turns(told, ended=False)} == {"c0": 1, "r0": 2}


def test_the_last_words_on_a_turn_count():
    records = by_key(fold.turns(facts(SOCKET, ON_THE_SOCKET), ended=False))

    assert records["c0"].text == "I was charged twice."


def test_what_was_streamed_and_what_was_heard_are_both_kept():
    records = by_key(fold.turns(ALL, ended=True))

    assert records["r2"].text == "Let me look. I see two charges of £42."
    assert records["r2"].heard == "Let me look. I see two charges"
    assert records["r0"].heard is None


def test_an_answer_the_final_transcript_does_not_have_was_never_heard():
    assert by_key(fold.turns(ALL, ended=True))["r3"].heard == ""


def test_the_transcript_waits_until_the_call_has_ended():
    records = by_key(fold.turns(ALL, ended=False))

    assert records["c1"].text == "Yes exactly"
    assert records["r2"].heard == "Let me look. I see two"


def test_the_final_transcript_corrects_the_callers_words_and_brings_their_times():
    records = by_key(fold.turns(ALL, ended=True))

    assert records["c1"].text == "Yes, exactly."
    assert records["c0"].words == [["I", 2_500, 2_600]]
    assert records["c0"].start_ms == 2_000


def test_our_own_ears_outrank_what_the_watch_pieced_together():
    assert by_key(fold.turns(ALL, ended=True))["r3"].text == "I have refunded one."


def test_words_without_a_response_id_join_the_answer_that_begins_with_them():
    told = [
        *facts(SOCKET, [spoken("r1", "We open at nine. Anything else?", 0, 900, n=1)]),
        *facts(
            PLATFORM, [spoken("a0", "We open at nine", 0, 700, n=1), spoken("a1", "Mm-hm.", 800, 900, n=2)]
        ),
    ]

    records = by_key(fold.turns(told, ended=True))
    assert records.keys() == {"r1", "a1"}
    assert records["r1"].heard == "We open at nine"


def test_a_tool_is_one_turn_with_its_result():
    tool = by_key(fold.turns(ALL, ended=True))["x1"]

    assert (tool.role, tool.tool_name, tool.tool_ok, tool.text) == (
        "tool",
        "billing.find_charges",
        True,
        '{"charges": 2}',
    )
    assert (tool.start_ms, tool.end_ms) == (3_900, 4_400)


def test_a_transfer_has_come_as_far_as_its_farthest_step():
    desk, other = "+442071830000", "+442071830001"
    steps = [
        CallTransferred(BEGAN, "started", other),
        CallTransferred(BEGAN, "cancelled", other),
        CallTransferred(BEGAN, "started", desk),
        CallTransferred(BEGAN, "bridged", desk),
    ]
    for told in permutations(steps):
        fields = fold.call_fields(facts(WEBHOOK, told))
        assert (fields["transfer"], fields["transfer_to"]) == ("bridged", desk)

    ended = fold.call_fields(facts(WEBHOOK, [*steps, CallTransferred(at(9_000), "ended")]))
    assert (ended["transfer"], ended["transfer_to"]) == ("ended", desk)
    assert "transfer" not in fold.call_fields(ALL)


def test_the_platforms_agent_is_known_from_the_start_of_the_call():
    assert fold.call_fields(ALL)["platform_agent_id"] == "agent_1"


def test_what_comes_with_a_judgement_was_told_after_a_mere_price():
    early = CallAnalyzed(at(9_000), cost_usd="0.05")
    for late in (CallAnalyzed(at(9_000), summary=f"Refund {n}.", cost_usd="0.07") for n in range(8)):
        assert fold.call_fields(facts(WEBHOOK, [late, early]))["cost_usd"] == Decimal("0.07")


SO_FAR = [spoken("c0", "I was", 0, 400, n=1), spoken("c1", "charged", 500, 900, n=2)]
IN_THE_END = [spoken("c0", "I was charged.", 0, 900, n=1, final=True)]


def test_of_a_call_nobody_watched_the_words_so_far_are_shown():
    assert by_key(fold.turns(facts(WEBHOOK, SO_FAR), ended=False)).keys() == {"c0", "c1"}


def test_a_final_transcript_takes_the_place_of_all_before_it():
    """What was two utterances while they spoke may be one in the end."""
    records = fold.turns(facts(WEBHOOK, [*IN_THE_END, *SO_FAR]), ended=True)

    assert [(record.key, record.text) for record in records] == [("c0", "I was charged.")]


def test_only_a_final_transcript_corrects_what_we_heard():
    ours = facts(
        SOCKET, [spoken("c0", "I was charged twice", 0, 900, n=1), spoken("r1", "Oh.", 950, 990, n=2)]
    )
    so_far = [*ours, *facts(WEBHOOK, [*SO_FAR, spoken("r0", "Hello.", 0, 10, n=3)])]

    records = by_key(fold.turns(so_far, ended=True))
    assert records.keys() == {"c0", "r1"}
    assert records["c0"].text == "I was charged twice"
    assert records["r1"].heard is None
    assert by_key(fold.turns(so_far, ended=False)) == records

    final = by_key(fold.turns([*so_far, *facts(WEBHOOK, IN_THE_END)], ended=True))
    assert final["c0"].text == "I was charged."


def test_a_tool_told_of_again_differently_is_told_the_same_in_any_order():
    told = facts(
        WEBHOOK,
        [
            ToolCalled("x1", at(300), "find", {}, 300, n=2),
            ToolCalled("x1", at(500), "find", {}, 500, n=3),
            ToolCalled("x1", at(400), "find", {"month": "May"}, 400, n=4, final=True),
        ],
    )
    assert len({fact.event.key for fact in told}) == 3

    for order in permutations(told):
        tool = by_key(fold.turns(order, ended=True))["x1"]
        assert (tool.start_ms, tool.tool_arguments) == (400, {"month": "May"})


def test_rules_that_fired_are_kept_in_the_order_of_the_call():
    late = RuleFired(at(9_500), "r2", 1, "Silence", 8_000)
    early = RuleFired(at(9_900), "r1", 1, "Asked for a person", 4_000, "c1", "transfer", "alert", "Wait.")

    for told in permutations([Fact(WATCH, late), Fact(WATCH, early), Fact(PLATFORM, CallStarted(BEGAN))]):
        alerts = fold.call_fields(told)["alerts"]
        assert [(alert["rule"], alert["at_ms"], alert["done"]) for alert in alerts] == [
            ("r1", 4_000, "alert"),
            ("r2", 8_000, "alert"),
        ]
