"""What the platform tells of its calls: proven by the official SDK, whatever goes wrong on the way."""

import asyncio
import dataclasses
import itertools
import socket

from simulator import Target
from simulator.platform.call import Call
from simulator.platform.webhooks import (
    MOST_WAITING,
    ON_BY_DEFAULT,
    RETRY_AFTER,
    signature,
)
from simulator.stories import HOSTED
from tests.sdks import retell_takes, retell_types
from tests.simulator.conftest import QUICK
from tests.simulator.peer import Peer, say
from tests.simulator.platform.telling import signed_at, telling
from tests.simulator.platform.test_conversation import CHAT
from tests.simulator.receiver import SECRET, Receiver

# --- what is told ----------------------------------------------------------------------------------


async def test_the_official_sdk_proves_every_delivery():
    async with Receiver() as receiver, Peer() as peer, telling(receiver.target()) as world:
        calls = await asyncio.gather(world.call(CHAT, peer.url), world.call("survey"))
        await world.settled()

    assert {call["call_id"] for call in (attempt.call for attempt in receiver.attempts)} == {
        call.id for call in calls
    }
    for attempt in receiver.attempts:
        body = attempt.body.decode()
        assert retell_takes(body, api_key=SECRET, signature=attempt.signature)
        assert not retell_takes(body, api_key="another", signature=attempt.signature)


async def test_its_call_objects_are_the_sdks():
    async with Receiver() as receiver, Peer() as peer, telling(receiver.target()) as world:
        await asyncio.gather(
            world.call(CHAT, peer.url),
            world.call("survey_unhappy"),
            world.call("tariff", peer.url, never="dial_busy"),
        )
        await world.settled()

    for attempt in receiver.attempts:
        told = retell_types.PhoneCallResponse.model_validate(attempt.call)
        assert not told.model_extra


def test_a_signature_is_the_platforms():
    body = '{"event":"call_started","call":{"call_id":"call_demo01","note":"héllo ✓"}}'.encode()

    assert signature(body, "key_demo_0123456789abcdef", 1795000000000) == (
        "v=1795000000000,d=b0d5c7352c35d049adb508287433626effdddb620953952afe3bf55841e3edec"
    )


async def test_a_call_is_told_from_its_beginning_to_its_analysis():
    async with Receiver() as receiver, Peer() as peer, telling(receiver.target()) as world:
        await world.call(CHAT, peer.url)
        await world.settled()

    # Hello, two questions and their answers, and once more at the end.
    assert receiver.events == [
        "call_started",
        *["transcript_updated"] * 6,
        "call_ended",
        "call_analyzed",
    ]
    started, ended, analysed = (
        receiver.attempts[0].call,
        receiver.attempts[-2].call,
        receiver.attempts[-1].call,
    )
    assert (started["call_status"], "transcript" in started) == ("ongoing", False)
    assert (ended["disconnection_reason"], "call_analysis" in ended) == ("user_hangup", False)
    assert [entry["content"] for entry in ended["transcript_object"]] == [
        "Hello.",
        "Is it open?",
        "Of course.",
        "Thanks, bye.",
        "Of course.",
    ]
    assert analysed["call_analysis"]["custom_analysis_data"] == {"topic": "Chat"}


async def test_a_hosted_call_is_told_turn_by_turn():
    async with Receiver() as receiver, telling(receiver.target()) as world:
        await world.call("survey")
        await world.settled()

    transcripts = [
        attempt.call["transcript_with_tool_calls"] for attempt in receiver.of("transcript_updated")
    ]
    for shorter, longer in itertools.pairwise(transcripts[:-1]):
        assert longer[: len(shorter)] == shorter
        assert len(longer) > len(shorter)
    ended = receiver.of("call_ended")[0].call
    assert transcripts[-1] == transcripts[-2] == ended["transcript_with_tool_calls"]
    assert ended["disconnection_reason"] == "agent_hangup"
    assert [entry["role"] for entry in ended["transcript_with_tool_calls"]].count("tool_call_result") == 1
    assert "llm_token_usage" in ended
    words = [word for entry in ended["transcript_object"] for word in entry["words"]]
    assert [word["start"] for word in words] == sorted(word["start"] for word in words)
    assert words[-1]["end"] * 1000 <= ended["duration_ms"]


async def test_a_hosted_agent_is_interrupted_too():
    async with telling() as world:
        call = await world.call("survey_unhappy")

    spoken, whole = call.said("agent")[1], HOSTED["survey_unhappy"].lines[0].answer
    assert whole.startswith(spoken)
    assert 5 <= len(spoken.split()) < len(whole.split())
    assert call.disconnection_reason == "user_hangup"


async def test_a_call_that_never_connects_has_only_an_end_and_an_analysis():
    async with Receiver() as receiver, Peer() as peer, telling(receiver.target()) as world:
        await world.call("tariff", peer.url, never="dial_no_answer")
        await world.settled()

    assert receiver.events == ["call_ended", "call_analyzed"]
    ended = receiver.attempts[0].call
    assert (ended["call_status"], ended["disconnection_reason"], ended["duration_ms"]) == (
        "not_connected",
        "dial_no_answer",
        0,
    )
    assert ended["end_timestamp"] - ended["start_timestamp"] >= 25_000
    assert (ended["transcript"], ended["call_cost"]["combined_cost"]) == ("", 0)
    assert receiver.attempts[1].call["call_analysis"]["user_sentiment"] == "Unknown"
    assert peer.paths == []


async def transfer_at_once(peer, socket, frame):
    await say(socket, frame["response_id"], "One moment please.", transfer_number="+442079460150")


async def test_a_transfer_is_told_step_by_step():
    async with Receiver() as receiver, Peer(transfer_at_once) as peer, telling(receiver.target()) as world:
        await world.call(CHAT, peer.url)
        await world.settled()

    assert [event for event in receiver.events if event != "transcript_updated"] == [
        "call_started",
        "transfer_started",
        "transfer_bridged",
        "call_ended",
        "call_analyzed",
        "transfer_ended",
    ]
    for event in ("transfer_started", "transfer_bridged", "transfer_ended"):
        assert receiver.of(event)[0].told["transfer_destination"] == {"number": "+442079460150"}
    ended = receiver.of("transfer_ended")[0].call
    assert ended["transfer_destination"] == "+442079460150"
    assert ended["transfer_end_timestamp"] > ended["end_timestamp"]
    retell_types.PhoneCallResponse.model_validate(ended)


async def test_sometimes_nobody_picks_up_a_transfer():
    async with Receiver() as receiver, Peer(transfer_at_once) as peer, telling(receiver.target()) as world:
        calls = await asyncio.gather(*(world.call(CHAT, peer.url, variant=variant) for variant in range(24)))
        await world.webhooks.settled()

    cancelled = {attempt.call["call_id"] for attempt in receiver.of("transfer_cancelled")}
    assert 1 <= len(cancelled) <= 10
    for call in calls:
        gone = call.disconnection_reason == "call_transfer"
        assert gone is (call.id not in cancelled)
        assert bool(call.transfer_destination) is gone


async def test_only_the_events_a_receiver_asked_for_are_sent():
    async with (
        Receiver() as one,
        Receiver() as other,
        telling(one.target(events=ON_BY_DEFAULT), other.target(secret="its own")) as world,
    ):
        await world.call("survey")
        await world.settled()

    assert one.events == list(ON_BY_DEFAULT)
    assert set(other.events) == {*ON_BY_DEFAULT, "transcript_updated"}
    attempt = other.attempts[0]
    assert retell_takes(attempt.body.decode(), api_key="its own", signature=attempt.signature)


async def test_without_receivers_nothing_is_sent():
    async with telling() as world:
        await world.call("survey")
        await world.webhooks.settled()

        assert world.webhooks.counts.sent == 0
        assert not world.webhooks


async def test_words_that_are_no_text_travel_as_json_writes_them():
    async def answer(peer, socket, frame):
        await say(socket, frame["response_id"], "Half \ud83d a smile.")

    async with Receiver() as receiver, Peer(answer) as peer, telling(receiver.target()) as world:
        await world.call(CHAT, peer.url)
        await world.settled()

    ended = receiver.of("call_ended")[0]
    assert "Half \ud83d a smile." in [entry["content"] for entry in ended.call["transcript_object"]]
    assert retell_takes(ended.body.decode(), api_key=SECRET, signature=ended.signature)


# --- what is not answered ----------------------------------------------------------------------------


async def test_what_got_no_2xx_is_sent_again_with_the_same_body_and_a_new_signature():
    said = []
    answers = [500, 404, 302]
    async with (
        Receiver(lambda attempt, n: answers[n] if n < 3 else 204) as receiver,
        telling(receiver.target(events=["call_ended"]), say=said.append) as world,
    ):
        await world.call("survey")
        await world.webhooks.settled()
        counts = world.webhooks.counts

    assert len({attempt.body for attempt in receiver.attempts}) == 1
    assert len({attempt.signature for attempt in receiver.attempts}) == 4
    times = [signed_at(attempt) for attempt in receiver.attempts]
    pauses = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert pauses == sorted(pauses)
    assert all(
        retell_takes(a.body.decode(), api_key=SECRET, signature=a.signature) for a in receiver.attempts
    )
    assert (counts.sent, counts.accepted, counts.failed, counts.given_up) == (4, 1, 3, 0)
    assert said == [
        f"Webhooks to {receiver.url} are not taken: the answer was 500.",
        f"Webhooks to {receiver.url} are taken again.",
    ]


async def test_after_three_more_tries_it_is_given_up():
    async with (
        Receiver(lambda attempt, n: 503) as receiver,
        telling(receiver.target(events=["call_ended"])) as world,
    ):
        await world.call("survey")
        await world.webhooks.settled()
        counts = world.webhooks.counts

    assert len(receiver.attempts) == 1 + len(RETRY_AFTER) == 4
    assert (counts.accepted, counts.given_up) == (0, 1)


async def test_nobody_there_is_said_once():
    said = []
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        nowhere = Target(f"http://127.0.0.1:{holder.getsockname()[1]}/hook", SECRET)
        async with telling(nowhere, say=said.append) as world:
            await world.call("survey")
            await world.webhooks.settled()
            assert world.webhooks.counts.given_up == 16

    assert said == [f"Webhooks to {nowhere.url} are not taken: nobody answers there (ConnectError)."]


async def test_a_receiver_that_hangs_holds_up_neither_calls_nor_other_webhooks():
    hasty = dataclasses.replace(QUICK, webhook_timeout=0.4)
    async with (
        Receiver(lambda attempt, n: None if n == 0 else 200) as receiver,
        telling(receiver.target(events=ON_BY_DEFAULT), timing=hasty) as world,
    ):
        await world.call("survey", never="dial_failed")
        await world.settled()

    assert receiver.events[:2] == ["call_ended", "call_analyzed"]
    assert sorted(receiver.events) == ["call_analyzed", "call_ended", "call_ended"]


async def test_a_rotated_secret_is_read_again():
    said = []

    def right_secret(attempt, n):
        proven = retell_takes(attempt.body.decode(), api_key="new", signature=attempt.signature)
        return 200 if proven else 401

    def renew():
        return [receiver.target(secret="new", events=["call_started"])]

    async with Receiver(right_secret) as receiver:
        target = receiver.target(secret="old", events=["call_ended", "call_analyzed"])
        async with telling(target, say=said.append, renew=renew) as world:
            for _ in range(2):
                await world.call("survey", never="dial_failed")
            await world.settled()
            assert world.webhooks.counts.accepted == 4

    assert said == [
        f"Webhooks to {receiver.url} are not taken: the answer was 401.",
        f"Webhooks to {receiver.url} are taken again.",
    ]


async def test_too_many_that_wait_are_dropped_and_counted():
    said = []
    async with (
        Receiver(lambda attempt, n: None) as receiver,
        telling(receiver.target(), say=said.append) as world,
    ):
        call = Call("call_1", "agent_1", "Odell", "inbound", "", "", clock=lambda: 0.0)
        for _ in range(MOST_WAITING + 5):
            world.webhooks.tell(call, "call_started")
        assert world.webhooks.counts.dropped == 5

    assert said[0] == f"Webhooks to {receiver.url} are not taken: {MOST_WAITING} are waiting already."
    assert said[-1] == f"{MOST_WAITING} webhooks were not delivered."
