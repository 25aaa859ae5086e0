from decimal import Decimal

from calls import fold
from calls.fold import PLATFORM, SOCKET, WATCH, Fact
from platforms.events import CallEnded, CallStarted
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
