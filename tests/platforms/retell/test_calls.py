from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platforms.clean import clean
from platforms.errors import Unreadable
from platforms.events import (
    CallAnalyzed,
    CallEnded,
    CallStarted,
    ToolAnswered,
    ToolCalled,
    TurnSpoken,
    Word,
)
from platforms.retell.calls import events_of, outcome
from tests.platforms.retell.payloads import CALL

BEGAN = datetime.fromtimestamp(1795000000, UTC)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def told(kind, call=CALL):
    return [event for event in events_of(call, heard_at=NOW) if isinstance(event, kind)]


def test_it_says_who_called_whom_and_when():
    assert told(CallStarted) == [
        CallStarted(BEGAN, "inbound", "+14155550137", "+14155550190", "agent_5f2c9d0a7b41e83c6d9f0a12ef")
    ]


def test_it_says_what_was_said_in_order_with_the_time_of_every_word():
    turns = told(TurnSpoken)

    assert [(turn.turn, turn.role, turn.n) for turn in turns] == [
        ("r0", "agent", 1),
        ("c0", "caller", 2),
        ("r3", "agent", 5),
        ("c1", "caller", 6),
    ]
    assert turns[3].words == (Word("Great,", 13200, 13440), Word("bye.", 13480, 13720))
    assert (turns[1].start_ms, turns[1].end_ms) == (4100, 6300)
    # Without times of its own a turn stands at the end of the one before.
    assert (turns[2].start_ms, turns[2].end_ms) == (6300, 6300)
    assert turns[1].at == BEGAN + timedelta(milliseconds=4100)


def test_it_says_what_tools_did():
    called, answered = told(ToolCalled)[0], told(ToolAnswered)[0]

    assert (called.name, called.arguments, called.n) == ("reschedule_visit", {"visit_id": "v_881"}, 3)
    assert (answered.tool_call, answered.ok, answered.result) == (called.tool_call, True, '{"ok":true}')


def test_it_says_how_it_ended():
    assert told(CallEnded) == [
        CallEnded(BEGAN + timedelta(milliseconds=42380), "user_hangup", "caller_hung_up")
    ]


def test_it_says_what_it_cost_in_dollars_and_what_it_was_about():
    analyzed = told(CallAnalyzed)[0]

    assert analyzed.cost_usd == "0.07063"
    assert (analyzed.summary, analyzed.sentiment, analyzed.successful) == (
        "The caller moved a visit.",
        "positive",
        True,
    )


def test_a_call_that_goes_on_has_no_end():
    ongoing = {key: CALL[key] for key in ("call_id", "start_timestamp")} | {"call_status": "ongoing"}

    assert [type(event) for event in events_of(ongoing, heard_at=NOW)] == [CallStarted]


def test_a_call_that_never_connected_is_still_a_call():
    never = {"from_number": "+1", "disconnection_reason": "dial_busy", "end_timestamp": 1795000000000}

    assert [type(event) for event in events_of(never, heard_at=NOW)] == [CallStarted, CallEnded]
    assert told(CallEnded, never)[0].outcome == "not_connected"


def test_the_same_object_says_the_same_facts():
    assert [event.key for event in events_of(CALL, heard_at=NOW)] == [
        event.key for event in events_of(CALL, heard_at=NOW + timedelta(hours=1))
    ]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("user_hangup", "caller_hung_up"),
        ("agent_hangup", "agent_hung_up"),
        ("call_transfer", "transferred"),
        ("voicemail_reached", "completed"),
        ("inactivity", "completed"),
        ("dial_no_answer", "not_connected"),
        ("sip_routing_error", "not_connected"),
        ("no_valid_payment", "not_connected"),
        ("error_llm_websocket_open", "failed"),
        ("error_of_next_year", "failed"),
        ("something_new", "completed"),
        ("", "completed"),
    ],
)
def test_every_reason_has_an_outcome(reason, expected):
    assert outcome(reason) == expected


@pytest.mark.parametrize("call", [None, [], "call", 7])
def test_what_is_no_call_object_is_unreadable(call):
    with pytest.raises(Unreadable):
        events_of(call, heard_at=NOW)


NAMES = st.sampled_from(sorted(CALL))
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(CALL)), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, JUNK))
def test_whatever_a_field_holds_it_is_read_or_unreadable(fields):
    try:
        events = events_of(clean(CALL | fields), heard_at=NOW)
    except Unreadable:
        return
    assert all(len(event.key) <= 200 for event in events)


def test_what_is_wrong_with_a_transcript_is_said():
    with pytest.raises(Unreadable, match="transcript is not a list"):
        events_of({"call_id": "c1", "transcript_object": "Hello"}, heard_at=NOW)
