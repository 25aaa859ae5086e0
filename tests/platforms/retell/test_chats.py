from datetime import UTC, datetime, timedelta

from platforms.events import CallAnalyzed, CallEnded, CallStarted, ToolAnswered, ToolCalled, TurnSpoken
from platforms.retell.chats import events_of
from tests.platforms.retell.payloads import CHAT, without

BEGAN = datetime.fromtimestamp(1795000000, UTC)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def told(kind, chat=CHAT, *, over=True):
    return [event for event in events_of(chat, heard_at=NOW, over=over) if isinstance(event, kind)]


def at(ms: int) -> datetime:
    return BEGAN + timedelta(milliseconds=ms)


def test_messages_are_turns_at_the_time_they_were_sent():
    turns = told(TurnSpoken)

    assert [(turn.turn, turn.role, turn.start_ms, turn.end_ms, turn.n) for turn in turns] == [
        ("c0", "caller", 500, 500, 1),
        ("a0", "agent", 2_100, 2_100, 4),
    ]
    assert turns[1].at == at(2_100)
    assert all(turn.final for turn in turns)


def test_tools_stand_between_them():
    assert told(ToolCalled) == [
        ToolCalled("tool_call_9", at(1_000), "opening_hours", {"day": "Saturday"}, 1_000, 2, final=True)
    ]
    # It has no time of its own: that of the message before.
    assert told(ToolAnswered) == [ToolAnswered("tool_call_9", at(1_000), True, "9 to 13", 1_000, final=True)]


def test_when_it_began_and_ended_and_what_came_of_it():
    assert told(CallStarted) == [CallStarted(BEGAN, platform_agent_id=CHAT["agent_id"])]
    assert told(CallEnded) == [CallEnded(at(61_000))]
    assert told(CallAnalyzed) == [
        CallAnalyzed(at(61_000), "Asked about Saturday hours.", "neutral", True, "0.004", {})
    ]


def test_one_that_broke_off_has_failed():
    assert told(CallEnded, CHAT | {"chat_status": "error"}) == [CallEnded(at(61_000), "error", "failed")]


def test_one_that_goes_on_has_no_end():
    assert told(CallEnded, without(CHAT, "end_timestamp"), over=False) == []
