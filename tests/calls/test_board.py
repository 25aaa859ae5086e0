from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Workspace
from calls import board
from calls.fold import PLATFORM, SOCKET
from calls.models import Call
from calls.services import Opening, record_quietly
from platforms.events import CallEnded, ToolAnswered, ToolCalled
from tests.calls.told import BEGAN, at, spoken


@pytest.fixture
def make(workspace, opening):
    """`make(*events)` is a call our socket held, with these facts."""

    def made(*events, call_id: str = "x", source: str = SOCKET, opening: Opening = opening) -> Call:
        return record_quietly(workspace.pk, "retell", call_id, events, source=source, opening=opening).call

    return made


def card(call: Call, now: board.Now | None = None) -> dict:
    return board.card(call, list(board.turns_of_cards().filter(call=call)), now)


def talk(*replies: int) -> list:
    """Questions and answers, each answer so many ms after its question."""
    events = []
    for index, reply_ms in enumerate(replies):
        start = index * 10_000
        events.append(spoken(f"c{index}", f"Question {index}?", start, start + 1_000, n=2 * index + 1))
        events.append(
            spoken(
                f"r{index}",
                f"Answer {index}.",
                start + 2_000,
                start + 3_000,
                n=2 * index + 2,
                reply_ms=reply_ms,
            )
        )
    return events


def test_a_card_shows_the_last_things_said(make):
    shown = card(make(*talk(300, 400)))

    assert shown["lines"] == [
        {"role": "agent", "text": "Answer 0."},
        {"role": "caller", "text": "Question 1?"},
        {"role": "agent", "text": "Answer 1."},
    ]
    assert shown["why"]["text"] == "Billing"
    assert shown["last_at"] == at(13_000).isoformat()


def test_words_being_said_are_shown_beside_the_record(make):
    now = board.Now(at(21_000), "caller", "And then", True, 20_000, 21_000)

    shown = card(make(*talk(300)), now)

    assert shown["now"] == {"role": "caller", "text": "And then", "speaking": True}
    assert shown["ribbon"][-1] == [20_000, 21_000, "caller", 2]
    assert shown["last_at"] == at(21_000).isoformat()


def test_a_chat_is_told_without_the_marks_of_what_is_written(make):
    call = make(spoken("c0", "Is it **due**?", 0, 0, n=1), spoken("r0", "It **is**.", 100, 900, n=2))
    call.channel = Call.Channel.CHAT

    shown = card(call, board.Now(last_at=at(900), role="agent", text="On the **3rd of", speaking=True))

    assert [line["text"] for line in shown["lines"]] == ["Is it **due**?", "It is."]
    assert shown["now"] == {"role": "agent", "text": "On the 3rd of", "speaking": True}


def test_a_call_is_slow_by_its_last_five_replies(make):
    shown = card(make(*talk(9_000, 2_100, 2_200, 2_300, 100, 2_400)))

    assert (shown["reply_p50_ms"], shown["slow"]) == (2_200, True)
    assert (shown["why"]["tone"], shown["why"]["text"]) == ("warn", "Slow, 2.2 s")


def test_a_failed_tool_is_a_reason_to_look(make):
    call = make(
        ToolCalled("x1", at(1_000), "refund.create", {}, 1_000, n=1),
        ToolAnswered("x1", at(2_000), False, "The tool answered with status 502.", 2_000),
        ToolCalled("x2", at(3_000), "refund.create", {}, 3_000, n=2),
    )

    shown = card(call)
    assert shown["tools"] == {"ok": 0, "failed": 1, "running": 1}
    assert shown["tool"] == {"name": "refund.create", "state": "running"}
    assert shown["ticks"] == [1_000, 3_000]


def test_the_ribbon_is_the_last_minute(make):
    shown = card(make(*talk(*[300] * 8)))

    assert shown["ribbon"][0][1] >= 73_000 - board.RIBBON_MS
    assert shown["ribbon"][-1] == [72_000, 73_000, "agent", 2]


def test_long_words_begin_at_a_word():
    assert board.tail("one two three", 20) == "one two three"
    assert board.tail("one two three", 8) == "…three"
    assert board.tail("x" * 30, 8) == "…" + "x" * 8


def test_the_card_for_those_who_may_not_read_has_no_words(make):
    now = board.Now(at(5_000), "caller", "A secret", True, 4_000, 5_000)
    shown = board.without_words(card(make(*talk(300)), now))

    assert shown["lines"] == []
    assert shown["now"] == {"role": "caller", "text": "", "speaking": True}
    assert "secret" not in str(shown)
    assert "Question" not in str(shown)


def test_an_ended_call_stays_a_moment_then_goes(make):
    call = make(*talk(300), CallEnded(timezone.now()))
    assert [entry.part["type"] for _, entry in board.entries(call, card(call))] == ["data-card"] * 2

    call.ended_at = timezone.now() - timedelta(seconds=9)
    assert [entry.part["type"] for _, entry in board.entries(call, card(call))] == ["data-gone"] * 2


def test_a_clock_that_is_ahead_keeps_no_card(make, workspace):
    """A platform may say that a call ends tomorrow: it has ended when we heard so."""
    call = make(CallEnded(timezone.now() + timedelta(days=1)), source=PLATFORM)
    Call.objects.update(closed_at=timezone.now() - timedelta(seconds=9), level=Call.Level.EVENT)
    call.refresh_from_db()

    assert board.cards_on(workspace.pk, words=True) == []
    assert [entry.part["type"] for _, entry in board.entries(call, card(call))] == ["data-gone"] * 2


def test_the_board_has_live_and_just_ended_calls_of_its_workspace(make, workspace, django_assert_num_queries):
    live = make(*talk(300), call_id="live")
    just = make(*talk(300), CallEnded(timezone.now()), call_id="just ended")
    make(CallEnded(timezone.now() - timedelta(seconds=30)), call_id="ended")
    elsewhere = Workspace.objects.create(name="Elsewhere")
    record_quietly(elsewhere.pk, "retell", "other", [], source=SOCKET, opening=Opening(started_at=BEGAN))

    with django_assert_num_queries(2):
        cards = board.cards_on(workspace.pk, words=True)

    assert {shown["id"] for shown in cards} == {str(live.pk), str(just.pk)}
    assert cards[0] == card(Call.objects.select_related("agent", "version").get(pk=cards[0]["id"]))
    assert all(shown["lines"] == [] for shown in board.cards_on(workspace.pk, words=False))


def test_a_call_that_never_connected_says_so(make):
    opening = Opening(started_at=BEGAN)
    ended = CallEnded(timezone.now(), "dial_busy", "not_connected")

    shown = card(make(ended, source=PLATFORM, opening=opening))

    assert (shown["status"], shown["why"]["tone"], shown["why"]["text"]) == (
        "failed",
        "danger",
        "Never connected",
    )
