"""The platform keeps the protocol, against a tiny scripted agent."""

import asyncio

import pytest

from simulator.stories import Line, Story
from tests.simulator.peer import Peer, say, send

CHAT = Story(
    name="chat",
    title="Chat",
    agent="Odell",
    lines=(Line(says="Is it open?", answer="."), Line(says="Thanks, bye.", answer=".")),
)
CUTS_IN = Story(
    name="cuts_in",
    title="Cuts in",
    agent="Odell",
    lines=(
        Line(says="Tell me everything.", answer="."),
        Line(says="Stop there please.", answer=".", cuts_in=2.0),
    ),
)
LONG = "One two three four five six seven eight nine ten. " * 6


async def test_it_greets_tells_and_asks_in_order(world):
    async with Peer(greeting="Good morning, Larkfield.") as peer:
        call = await world.call(CHAT, peer.url)

    assert peer.paths == [f"/voice/secret/{call.id}"]
    assert peer.frames[0]["interaction_type"] == "call_details"
    assert peer.frames[0]["call"]["call_id"] == call.id
    assert [frame["response_id"] for frame in peer.asked()] == [1, 2]
    assert [entry["content"] for entry in peer.asked()[1]["transcript"]] == [
        "Good morning, Larkfield.",
        "Is it open?",
        "Of course.",
        "Thanks, bye.",
    ]
    assert call.disconnection_reason == "user_hangup"
    assert peer.closes == [1000]


async def test_the_callers_words_come_one_by_one_with_their_times(world):
    async with Peer() as peer:
        call = await world.call(CHAT, peer.url)

    told = [frame for frame in peer.asked("update_only") if frame["turntaking"] == "user_turn"]
    growing = [frame["transcript"][1]["content"] for frame in told if len(frame["transcript"]) == 2]
    assert growing == ["Is", "Is it", "Is it open?"]
    words = call.transcript()[1]["words"]
    assert [word["word"] for word in words] == ["Is", "it", "open?"]
    times = [time for word in words for time in (word["start"], word["end"])]
    assert times == sorted(times)
    assert times[0] > call.transcript()[0]["words"][-1]["end"]


async def test_the_agent_is_heard_slower_than_it_writes(world):
    async def answer(peer, socket, frame):
        await say(socket, frame["response_id"], LONG)

    async with Peer(answer) as peer:
        call = await world.call(CHAT, peer.url)

    words = call.transcript()[2]["words"]
    pace = len(words) / (words[-1]["end"] - words[0]["start"]) * 60
    assert 120 < pace < 190
    assert call.transcript()[2]["content"] == LONG.strip()


async def test_an_interruption_cuts_what_was_not_spoken(world):
    async def answer(peer, socket, frame):
        for word in LONG.split():
            await say(socket, frame["response_id"], f"{word} ", complete=False)
        await say(socket, frame["response_id"], "")

    async with Peer(answer) as peer:
        call = await world.call(CUTS_IN, peer.url)

    spoken = call.said("agent")[1]
    assert LONG.startswith(spoken)
    assert 2 <= len(spoken.split()) <= 15
    assert call.transcript()[2]["metadata"] == {"response_id": 1}
    assert [frame["response_id"] for frame in peer.asked()] == [1, 2]


async def test_words_for_an_older_question_are_not_heard(world):
    async def answer(peer, socket, frame):
        await say(socket, frame["response_id"] - 1, "Too late.")
        await say(socket, frame["response_id"], "In time.")

    async with Peer(answer) as peer:
        call = await world.call(CHAT, peer.url)

    assert call.said("agent") == ["Hello.", "In time.", "In time."]


async def test_a_long_silence_asks_for_a_reminder(world):
    story = Story(
        name="quiet",
        title="Quiet",
        agent="Juno",
        lines=(Line(says="One moment.", answer="."), Line(says="I'm back.", answer=".", quiet=15.0)),
    )
    async with Peer() as peer:
        call = await world.call(story, peer.url)

    assert [frame["response_id"] for frame in peer.asked("reminder_required")] == [2]
    assert [frame["response_id"] for frame in peer.asked()] == [1, 3]
    assert call.said("agent")[1:] == ["Of course."] * 3


async def test_words_added_before_an_answer_supersede_the_question(world):
    story = Story(
        name="adds_on",
        title="Adds on",
        agent="Iris",
        lines=(Line(says="Can I", answer="."), Line(says="book a visit?", answer=".", adds_on=0.4)),
    )

    async def answer(peer, socket, frame):
        if frame["response_id"] == 2:
            await say(socket, 1, "Can you what?")
            await say(socket, 2, "You can.")

    async with Peer(answer) as peer:
        call = await world.call(story, peer.url)

    assert call.said("user") == ["Can I book a visit?"]
    assert call.said("agent") == ["Hello.", "You can."]


@pytest.mark.parametrize(
    ("extra", "reason"),
    [({"end_call": True}, "agent_hangup"), ({"transfer_number": "+442079460150"}, "call_transfer")],
)
async def test_the_agent_may_end_or_transfer_after_it_has_spoken(world, extra, reason):
    async def answer(peer, socket, frame):
        await say(socket, frame["response_id"], "One moment please.", **extra)

    async with Peer(answer) as peer:
        call = await world.call(CHAT, peer.url)

    assert call.disconnection_reason == reason
    assert call.said("agent")[-1] == "One moment please."
    assert call.brief().get("transfer_destination") == extra.get("transfer_number")


async def test_a_deliberate_close_is_a_hang_up(world):
    async def answer(peer, socket, frame):
        await socket.close(1000)

    async with Peer(answer) as peer:
        call = await world.call(CHAT, peer.url)

    assert call.disconnection_reason == "agent_hangup"


async def test_it_comes_back_after_a_drop_and_asks_again(world):
    async def answer(peer, socket, frame):
        if len(peer.paths) == 1:
            socket.transport.abort()
        else:
            await say(socket, frame["response_id"], "Here again.")

    async with Peer(answer) as peer:
        call = await world.call(CHAT, peer.url)

    assert peer.paths == [f"/voice/secret/{call.id}"] * 2
    assert call.said("agent") == ["Hello.", "Here again.", "Here again."]
    assert call.disconnection_reason == "user_hangup"


async def test_it_gives_up_after_four_reconnects(world):
    async def answer(peer, socket, frame):
        socket.transport.abort()

    async with Peer(answer) as peer:
        call = await world.call(CHAT, peer.url)

    assert len(peer.paths) == 5
    assert call.disconnection_reason == "error_llm_websocket_lost_connection"
    assert call.status == "error"


async def test_a_binary_frame_ends_the_call(world):
    async def answer(peer, socket, frame):
        await socket.send(b"\x00\x01")

    async with Peer(answer) as peer:
        call = await world.call(CHAT, peer.url)

    assert call.disconnection_reason == "error_llm_websocket_corrupt_payload"
    assert peer.closes == [1007]


async def test_nobody_listening_is_a_failed_call(world):
    call = await world.call(CHAT, "ws://127.0.0.1:9/voice/secret")

    assert call.disconnection_reason == "error_llm_websocket_open"
    assert call.transcript() == []


async def say_nothing(peer, socket, frame):
    """An agent that hangs."""


async def test_a_line_without_pings_is_dialled_twice_more_and_then_lost(world):
    async with Peer(say_nothing, pongs=False) as peer:
        call = await world.call(CHAT, peer.url)

    assert len(peer.paths) == 3
    assert call.disconnection_reason == "error_llm_websocket_lost_connection"


async def test_a_caller_who_hears_nothing_calls_out_and_then_hangs_up(world):
    async with Peer(say_nothing) as peer:
        call = await world.call(CHAT, peer.url)

    assert call.said("user") == ["Is it open? Hello? Are you still there? Hello? Are you still there?"]
    assert call.said("agent") == ["Hello."]
    assert call.disconnection_reason == "user_hangup"


async def test_junk_from_the_agent_is_ignored(world):
    async def answer(peer, socket, frame):
        await socket.send("not json")
        await socket.send("[1]")
        await send(socket, response_type="no such thing")
        await say(socket, frame["response_id"], "Fine.")

    async with Peer(answer) as peer:
        call = await world.call(CHAT, peer.url)

    assert call.said("agent")[1:] == ["Fine.", "Fine."]


async def test_tools_are_kept_among_the_words(world):
    async def answer(peer, socket, frame):
        await send(
            socket,
            response_type="tool_call_invocation",
            tool_call_id="t1",
            name="account.lookup",
            arguments="{}",
        )
        await send(socket, response_type="tool_call_result", tool_call_id="t1", content="{}", successful=True)
        await say(socket, frame["response_id"], "Found it.")

    async with Peer(answer) as peer:
        call = await world.call(CHAT, peer.url)

    assert [entry["role"] for entry in call.entries[1:5]] == [
        "user",
        "tool_call_invocation",
        "tool_call_result",
        "agent",
    ]
    assert "tool_call_result" in [entry["role"] for entry in peer.asked()[1]["transcript_with_tool_calls"]]


async def test_the_agent_may_speak_up_by_itself(world):
    async def answer(peer, socket, frame):
        await say(socket, frame["response_id"], LONG)
        await send(
            socket,
            response_type="agent_interrupt",
            interrupt_id=9,
            content="Fire drill.",
            content_complete=True,
        )

    async with Peer(answer) as peer:
        call = await world.call(CHAT, peer.url)

    spoken = [entry for entry in call.transcript() if entry.get("metadata") == {"interrupt_id": 9}]
    assert spoken[0]["content"] == "Fire drill."


async def test_a_cancelled_call_hangs_up_properly(world):
    asked = asyncio.Event()

    async def answer(peer, socket, frame):
        asked.set()

    async with Peer(answer) as peer:
        call = asyncio.create_task(world.call(CHAT, peer.url))
        async with asyncio.timeout(5):
            await asked.wait()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)

    assert peer.closes == [1000]
    assert world.phone.live == {}
