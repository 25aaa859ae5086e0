"""Whole calls, with the simulated platform dialling, its callers talking and its models answering."""

import json

from asgiref.sync import sync_to_async

from calls import board, parts
from calls.models import Call
from live.settle import settle
from tests.live.house import told, until


def url(address, house) -> str:
    return f"ws://{address}/voice/retell/{house.agent.key}"


@sync_to_async
def recorded(call_id: str) -> Call:
    rows = Call.objects.select_related("agent", "version").prefetch_related("turns")
    return rows.get(platform_call_id=call_id)


def deltas(shown: list[dict], key: str) -> str:
    return "".join(part["delta"] for part in shown if part["type"] == "text-delta" and part["id"] == key)


def finals(shown: list[dict]) -> dict[str, dict]:
    """The last picture of every turn."""
    return {part["id"]: part["data"] for part in shown if part["type"] == "data-turn"}


async def ended(call_id: str) -> Call:
    async def over():
        call = await recorded(call_id)
        return call if call.ended_at else None

    return await until(over)


async def test_a_whole_call_is_said_shown_and_recorded_alike(house, address, world):
    placed = await world.call("refund", url(address, house))

    call = await ended(placed.id)
    turns = {turn.key: turn for turn in call.turns.all()}
    shown = await told(parts.topic(call))
    pictures = finals(shown)

    assert placed.disconnection_reason == "user_hangup"
    answers = {key: turn for key, turn in turns.items() if turn.role == "agent"}
    assert len(answers) >= 5
    for key, turn in answers.items():
        assert turn.text == deltas(shown, key) == pictures[key]["text"]
        assert "".join(piece for _, piece in turn.stream) == turn.text
    for key, turn in turns.items():
        assert pictures[key] == json.loads(json.dumps(parts.turn_part(turn)["data"]))
    said = [turn.text for turn in call.turns.all() if turn.role == "caller"]
    assert said == placed.said("user")
    assert {turn.tool_name for turn in call.turns.all() if turn.role == "tool"} >= {"account.lookup"}
    assert [turn.n for turn in call.turns.all()] == sorted(turn.n for turn in turns.values())


async def test_steps_never_overlap(house, address, world):
    placed = await world.call("angry", url(address, house))

    shown = await told(parts.topic(await ended(placed.id)))
    steps = [part["type"] for part in shown if part["type"] in ("start-step", "finish-step")]
    assert steps == ["start-step", "finish-step"] * (len(steps) // 2)


async def test_it_knows_who_calls_and_asks_how_it_went(house, address, world):
    placed = await world.call("wrong_number", url(address, house))
    call = await ended(placed.id)
    assert call.from_number == placed.from_number
    assert call.closed_at is None

    complete = await until(lambda: sync_to_async(settle)(call.pk))

    call = await recorded(placed.id)
    assert complete is True
    assert (call.end_reason, call.outcome) == ("user_hangup", "caller_hung_up")
    assert call.summary == placed.analysis["call_summary"]
    assert call.cost_usd > 0
    shown = await told(parts.topic(call))
    assert shown[-1] == {"type": "finish"}
    assert shown[-2]["data"]["outcome"] == "caller_hung_up"


async def test_the_final_transcript_adds_no_turn_twice(house, address, world):
    placed = await world.call("refund", url(address, house))
    call = await ended(placed.id)
    before = {turn.key: turn.n for turn in call.turns.all()}

    await until(lambda: sync_to_async(settle)(call.pk))

    call = await recorded(placed.id)
    assert {turn.key: turn.n for turn in call.turns.all()} == before
    heard = [turn.heard for turn in call.turns.all() if turn.heard is not None]
    assert heard  # the caller cut in


async def test_the_board_carries_the_call_for_both_audiences(house, address, world):
    placed = await world.call("wrong_number", url(address, house))
    call = await ended(placed.id)

    cards = await told(board.topic(house.workspace.pk))
    facts = await told(board.facts_topic(house.workspace.pk))

    assert cards[-1]["data"]["status"] == "ended"
    assert cards[-1]["call"] == str(call.pk)
    assert any(card["data"]["now"] for card in cards)
    assert {line["text"] for card in cards for line in card["data"]["lines"]}
    assert facts
    assert not any(card["data"]["lines"] or (card["data"]["now"] or {}).get("text") for card in facts)
