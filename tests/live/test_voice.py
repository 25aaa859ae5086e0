"""The voice socket, against a platform that is played frame by frame: what Retell sends and must get."""

import asyncio
import json
import logging
import threading

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from agents.services import publish
from calls import parts
from calls.models import Call
from live.voice import RetellVoice
from streaming.log import Entry
from streaming.log import publish as say
from tests.live.house import GREETING, dialled, told, until

CALL = "call_7c1e9a40b2d84f5e93a61b0c"
CUTS_IN = "Sorry, can I stop you there, does that mean I get it back?"
ASKED = "Hi, yeah, I think you've taken my payment twice this month."


# For what must happen in the middle of an answer: it takes a second or two then.
SLOWLY = pytest.mark.parametrize("world", [2], indirect=True)


@database_sync_to_async
def recorded() -> Call:
    return Call.objects.select_related("agent", "version").prefetch_related("turns").get()


async def turns() -> dict:
    return {turn.key: turn for turn in (await recorded()).turns.all()}


async def test_it_configures_the_line_and_greets(house, address):
    async with dialled(address, house.agent, CALL) as peer:
        assert await peer.answered(0) == GREETING

        assert peer.heard[0]["response_type"] == "config"
        assert peer.heard[0]["config"]["call_details"] is True
        assert len(peer.responses(0)) == 1


async def test_a_call_does_not_wait_for_the_thread_that_everybody_shares(house, address):
    free = threading.Event()
    busy = asyncio.create_task(sync_to_async(free.wait)(60))
    try:
        async with dialled(address, house.agent, CALL) as peer:
            assert await peer.answered(0) == GREETING
    finally:
        free.set()
        await busy


async def test_a_stranger_is_turned_away_before_the_socket_opens(house, address, caplog):
    for path in (
        "/voice/retell/%00/x",
        "/voice/retell/not-a-key/call_1",
        f"/voice/retell/{house.agent.key}/%20",
    ):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{address}{path}", proxy=None)
        assert refused.value.response.status_code == 403
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_it_answers_what_is_asked(house, address, world):
    async with dialled(address, house.agent, CALL) as peer:
        await peer.answered(0)
        await peer.update(("r0", GREETING), ("user", "Hi, yeah, I think"))
        await peer.ask(1, ("r0", GREETING), ("user", ASKED))

        text = await peer.answered(1)

        assert "sorry about that" in text
        assert [frame["content_complete"] for frame in peer.responses(1)][-2:] == [False, True]
        assert {frame["response_id"] for frame in peer.of("response")} == {0, 1}
        rows = await until_recorded("r1")
        assert rows["r1"].text == text
        assert rows["c0"].text == ASKED
        assert rows["r1"].reply_ms is not None
        assert rows["r1"].model == "sim-fast"


async def until_recorded(*keys: str) -> dict:
    async def rows():
        found = await turns()
        return found if found.keys() >= set(keys) else None

    return await until(rows)


@SLOWLY
async def test_a_newer_question_ends_the_older_answer_and_its_request(house, address, world):
    async with dialled(address, house.agent, CALL) as peer:
        await peer.answered(0)
        await peer.ask(2, ("r0", GREETING), ("user", ASKED))
        await until(lambda: peer.responses(2))
        await peer.ask(3, ("r0", GREETING), ("user", f"{ASKED} Twice!"))

        await peer.answered(3)

        assert not any(frame["content_complete"] for frame in peer.responses(2))
        await until(lambda: world.stats.of("sim-fast").aborted == 1)
        assert world.stats.of("sim-fast").open == 0


async def test_it_pings_back_and_by_itself(house, address):
    async with dialled(address, house.agent, CALL) as peer:
        await peer.say({"interaction_type": "ping_pong", "timestamp": 1795000000000})
        await until(lambda: peer.of("ping_pong"), 2)
        await until(lambda: len(peer.of("ping_pong")) >= 2, 4)


@pytest.mark.parametrize(
    "frame",
    [
        "{",
        "[]",
        "42",
        json.dumps({"interaction_type": "who_knows"}),
        json.dumps({"a": "\ud800\u0000"}),
        b"\x00\x01",
    ],
    ids=["broken", "list", "number", "unknown", "unkeepable", "binary"],
)
async def test_it_bears_what_it_cannot_read(house, address, frame):
    async with dialled(address, house.agent, CALL) as peer:
        await peer.answered(0)
        await peer.say(frame)
        await peer.ask(1, ("r0", GREETING), ("user", ASKED))

        assert await peer.answered(1)


@SLOWLY
async def test_a_dropped_line_is_taken_up_again_without_a_second_greeting(house, address, world):
    async with dialled(address, house.agent, CALL) as peer:
        await peer.answered(0)
        await peer.ask(1, ("r0", GREETING), ("user", ASKED))
        await until(lambda: peer.responses(1))
        await peer.drop()
    async with dialled(address, house.agent, CALL) as peer:
        await peer.ask(2, ("r0", GREETING), ("user", ASKED))
        text = await peer.answered(2)

    assert peer.heard[0]["response_type"] == "config"
    assert peer.responses(0) == []
    rows = await until_recorded("r2")
    assert rows["r1"].error == "interrupted"
    assert rows["r2"].text == text
    assert sorted(row.n for row in rows.values()) == [1, 2, 3, 4]
    assert world.stats.of("sim-fast").aborted == 1


async def test_a_tool_is_used_and_told_about(house, address):
    said = [
        ("r0", GREETING),
        ("user", ASKED),
        ("r1", "Could you give me your account number?"),
        ("user", "Sure, one second, I've got the bill here. It's LE 4481 7702."),
    ]
    async with dialled(address, house.agent, CALL) as peer:
        await peer.answered(0)
        await peer.ask(2, *said)
        text = await peer.answered(2)

        kinds = [frame["response_type"] for frame in peer.heard if frame["response_type"] != "ping_pong"]
        assert kinds.index("tool_call_invocation") < kinds.index("tool_call_result") < len(kinds) - 1
        invoked, answered = peer.of("tool_call_invocation")[0], peer.of("tool_call_result")[0]
        assert invoked["name"] == "account.lookup"
        assert answered["tool_call_id"] == invoked["tool_call_id"]
        assert answered["successful"] is True
        rows = await until_recorded("r2")
        tool = rows[invoked["tool_call_id"]]
        assert (tool.tool_name, tool.tool_ok, tool.text) == ("account.lookup", True, answered["content"])
        assert rows["r2"].text == text


async def test_a_failing_model_is_apologised_for(house, address):
    house.model.name = "sim-fast:529"
    await database_sync_to_async(house.model.save)()
    async with dialled(address, house.agent, CALL) as peer:
        await peer.answered(0)
        await peer.ask(1, ("r0", GREETING), ("user", ASKED))

        text = await peer.answered(1)

        assert text.startswith("Sorry, something went wrong")
        assert sum(frame["content_complete"] for frame in peer.responses(1)) == 1
        row = (await until_recorded("r1"))["r1"]
        assert (row.text, row.error) == (text, "overloaded")
        shown = await told(parts.topic(await recorded()))
        error = next(part for part in shown if part["type"] == "data-error")
        assert error["data"]["type"] == "overloaded"
        assert len(error["data"]["trace_id"]) == 32


async def test_an_interrupted_answer_keeps_what_was_heard_of_it(house, address):
    async with dialled(address, house.agent, CALL) as peer:
        await peer.answered(0)
        await peer.ask(1, ("r0", GREETING), ("user", ASKED))
        text = await peer.answered(1)
        await until_recorded("r1")
        heard = " ".join(text.split()[:4])
        await peer.ask(
            2, ("r0", GREETING), ("user", ASKED), ("r1", heard), ("user", "Sorry, can I stop you there?")
        )
        await peer.answered(2)

        await until_recorded("r2")
        row = (await turns())["r1"]
        assert (row.text, row.heard) == (text, heard)


async def test_a_call_that_ends_is_on_record_as_ended(house, address):
    async with dialled(address, house.agent, CALL) as peer:
        await peer.answered(0)
        await peer.update(("r0", GREETING), ("user", "Never mind."))

    await until(ended)
    call = await recorded()
    assert call.status == "ended"
    facts = [part["data"] for part in await told(parts.topic(call)) if part["type"] == "data-call"]
    assert [fact["status"] for fact in facts] == ["live", "ended"]
    assert [turn.text for turn in call.turns.all()] == [GREETING, "Never mind."]


async def ended() -> bool:
    return (await recorded()).ended_at is not None


async def test_an_agent_without_first_words_lets_the_caller_speak(house, address):
    await database_sync_to_async(publish)(house.agent, first_message="")
    async with dialled(address, house.agent, CALL) as peer:
        assert await peer.answered(0) == ""

    assert await turns() == {}


async def test_first_words_may_name_the_caller(house, address):
    await database_sync_to_async(publish)(house.agent, first_message="Hello {{customer_name}}, {{nothing}}.")
    async with dialled(address, house.agent, CALL) as peer:
        call = {"call_id": CALL, "retell_llm_dynamic_variables": {"customer_name": "Dana {{nothing}}"}}
        await peer.say({"interaction_type": "call_details", "call": call})

        assert await peer.answered(0) == "Hello Dana {{nothing}}, {{nothing}}."


async def test_a_call_goes_on_and_is_kept_while_redis_is_away(house, settings, address):
    settings.REDIS_URL = settings.REDIS_LOG_URL = "redis://127.0.0.1:9/0"
    async with dialled(address, house.agent, CALL) as peer:
        await peer.answered(0)
        await peer.ask(1, ("r0", GREETING), ("user", ASKED))
        text = await peer.answered(1)

        assert (await until_recorded("r1"))["r1"].text == text


async def test_why_a_call_could_not_be_taken_up_is_logged_without_words(house, address, caplog):
    async with dialled(address, house.agent, CALL) as peer:
        await peer.answered(0)
        await peer.drop()
    unreadable = {"type": "data-turn", "id": "r9", "data": {"role": "agent", "text": "Mrs Smith"}}
    said = {"type": "text-delta", "id": "r9", "delta": "Mrs Smith"}
    topic = parts.topic(await recorded())
    await database_sync_to_async(say)(topic, [Entry(unreadable, group="r9"), Entry(said, group="r9")])

    async with dialled(address, house.agent, CALL) as peer:
        await peer.socket.wait_closed()

    [error] = [record for record in caplog.records if record.name == "live.voice"]
    message = f"a call of agent {house.agent.pk} could not be taken up: KeyError"
    assert (error.getMessage(), error.exc_info) == (message, None)


class TakenMeanwhile:
    """A conversation whose call is taken over while it ends."""

    def __init__(self, consumer: RetellVoice) -> None:
        self.consumer = consumer

    async def end(self, *, over: bool) -> None:
        self.consumer._taken_over()


async def test_a_takeover_at_the_very_end_leaves_no_task_behind():
    consumer = RetellVoice()
    consumer.conversation = TakenMeanwhile(consumer)

    with pytest.raises(StopConsumer):
        await consumer.disconnect(1000)

    assert consumer._closing.done()
