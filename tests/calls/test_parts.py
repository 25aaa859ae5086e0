import json
from dataclasses import replace

import pytest

from calls import parts
from calls.fold import PLATFORM, SOCKET, WEBHOOK
from calls.models import Call
from calls.services import record, record_quietly
from platforms.events import CallTransferred
from tests.calls.told import BY_THE_PLATFORM, ON_THE_SOCKET, at, spoken


@pytest.fixture
def held(workspace, opening) -> Call:
    """The call as our own socket saw it, ended a moment ago."""
    return record_quietly(workspace.pk, "retell", "x", ON_THE_SOCKET, source=SOCKET, opening=opening).call


@pytest.fixture
def over(workspace, opening, held) -> Call:
    """The same, once the platform has told how it went."""
    return record(workspace.pk, "retell", "x", BY_THE_PLATFORM, source=PLATFORM, opening=opening)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+447700900142", "+44 77•• ••• 142"),
        ("+14155550137", "+1 41•• ••• 137"),
        ("", "Unknown caller"),
        ("sip:dana@example.com", "si•••"),
        ("12345", "12•••"),
    ],
)
def test_numbers_are_masked(number, shown):
    assert parts.masked(number) == shown


def test_the_call_is_shown_with_its_agent_and_its_end(over):
    data = parts.call_part(over)["data"]

    assert (data["status"], data["who"], data["agent"]) == ("ended", "+44 77•• ••• 142", "Odell")
    assert (data["version"], data["topic"], data["level"]) == (1, "Billing", "token")
    assert (data["outcome"], data["cost_usd"], data["turns"]) == ("caller_hung_up", "0.070600", 7)
    assert data["duration_ms"] == 9_000
    assert json.dumps(data)


def test_whom_it_was_handed_to_is_masked(workspace, opening):
    events = [CallTransferred(at(8_000), "bridged", "+442071830000")]
    call = record(workspace.pk, "retell", "x", events, source=WEBHOOK, opening=opening)

    data = parts.call_part(call)["data"]
    assert (data["transfer"], data["transfer_to"]) == ("bridged", "+44 20•• ••• 000")
    began = parts.replay_of(call)[0][1]["data"]
    assert (began["transfer"], began["transfer_to"]) == ("", "")


@pytest.mark.parametrize(
    ("channel", "who"), [("phone", "Unknown caller"), ("web", "Web caller"), ("chat", "Chat visitor")]
)
def test_whoever_has_no_number_is_named_by_their_channel(workspace, opening, channel, who):
    opening = replace(opening, channel=channel)
    call = record(workspace.pk, "retell", "x", [], source=WEBHOOK, opening=opening)

    assert parts.who(call) == who
    assert parts.call_part(call)["data"]["channel"] == channel


def test_every_kind_of_turn_has_its_final_picture(over):
    shown = {turn.key: parts.turn_part(turn)["data"] for turn in over.turns.all()}

    assert (shown["c0"]["role"], shown["c0"]["state"]) == ("caller", "final")
    assert shown["r2"]["heard"] == "Let me look. I see two charges"
    assert (shown["r2"]["model"], shown["r2"]["reply_ms"]) == ("sim-fast", 210)
    assert (shown["r3"]["state"], shown["r3"]["error"]) == ("interrupted", "interrupted")
    assert (shown["x1"]["state"], shown["x1"]["name"]) == ("ok", "billing.find_charges")


def test_an_answer_a_newer_one_took_the_place_of_is_nobodys_error(held):
    turn = held.turns.get(key="r3")
    turn.error = parts.SUPERSEDED

    data = parts.turn_part(turn)["data"]
    assert (data["state"], data["error"]) == ("interrupted", None)


def test_the_whole_record_is_the_call_its_turns_and_its_end(over):
    entries = parts.parts_of(over)

    assert [entry.group for entry in entries] == ["call", "r0", "c0", "r2", "x1", "c1", "r3", "c2", ""]
    assert [entry.whole for entry in entries] == [True] * 8 + [False]
    assert entries[-1].end


def test_a_call_whose_topic_is_open_has_no_end_yet(held):
    assert not any(entry.end for entry in parts.parts_of(held))


def test_replay_shows_every_word_as_it_was_shown(over):
    replayed = parts.replay_of(over)
    times = [ms for ms, _ in replayed]
    shown = [part for _, part in replayed]

    assert times == sorted(times)
    for turn in over.turns.filter(role="agent"):
        pieces = [part["delta"] for part in shown if part["type"] == "text-delta" and part["id"] == turn.key]
        assert "".join(pieces) == turn.text
    assert shown[0]["data"]["status"] == "live"
    assert shown[-1] == {"type": "finish"}
    assert shown[-2] == parts.call_part(over)


def test_replay_ends_where_the_record_is(over):
    last = {part["id"]: part for _, part in parts.replay_of(over) if part["type"].startswith("data-")}

    assert [last[turn.key] for turn in over.turns.all()] == [
        parts.turn_part(turn) for turn in over.turns.all()
    ]


def test_replay_follows_the_times_of_the_stream(workspace, opening):
    events = [
        spoken("c0", "Hello there", 100, 900, n=1, stream=((150, "Hello"), (900, "Hello there"))),
        spoken("r1", "Good day.", 1_000, 1_200, n=2, stream=((1_050, "Good "), (1_200, "day."))),
    ]
    call = record_quietly(workspace.pk, "retell", "y", events, source=SOCKET, opening=opening).call

    kinds = [(ms, part["type"], part.get("delta", "")) for ms, part in parts.replay_of(call)]
    assert kinds == [
        (0, "data-call", ""),
        (150, "data-turn", ""),
        (900, "data-turn", ""),
        (900, "data-turn", ""),
        (1_000, "start-step", ""),
        (1_000, "data-turn", ""),
        (1_050, "text-start", ""),
        (1_050, "text-delta", "Good "),
        (1_200, "text-delta", "day."),
        (1_200, "text-end", ""),
        (1_200, "data-turn", ""),
        (1_200, "finish-step", ""),
    ]
