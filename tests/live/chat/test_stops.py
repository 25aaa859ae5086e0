"""Answers that are stopped, and answers whose process dies."""

import asyncio
import time
from contextlib import aclosing

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone
from redis.asyncio import Redis
from redis.connection import parse_url

from agents.models import LanguageModel
from calls import parts, services
from calls.fold import SOCKET
from calls.models import Call, Turn
from calls.services import Opening
from live.chat import tail
from live.process import leases, sockets
from live.watch import Watch
from platforms.events import TurnSpoken
from simulator import World
from streaming.log import Entry, Log
from tests.agents.vendors import HANG, Part, Say, Stop, Wait
from tests.live.house import QUICK, until
from tests.streaming.relay import Dial, Relay


def dial_of(url: str) -> Dial:
    """How a Redis at a Unix socket is reached."""
    return lambda: asyncio.open_unix_connection(parse_url(url)["path"])


def behind(relay: Relay, url: str) -> str:
    """The address of the same database there."""
    return f"{relay.url.rpartition('/')[0]}/{parse_url(url).get('db', 0)}"


async def test_stop_ends_the_answer_and_the_models_request(chatter, model):
    model.plays["m"] = [[Say("One "), Say("two"), HANG]]
    async with chatter.asking() as answer:
        await answer.read(until=lambda told: "two" in told.text)
        stopped = await chatter.stop()
        await answer.read()

    assert stopped == {"stopped": True}
    assert answer.types[-4:] == ["text-end", "finish-step", "message-metadata", "abort"]
    assert answer.parts[-2]["messageMetadata"]["finishReason"] == "stopped"
    assert model.requests[0].hung_up.is_set()
    said = await Turn.objects.aget(role="agent")
    assert (said.text, said.error) == ("One two", parts.SUPERSEDED)


async def test_the_model_server_sees_a_stop_at_once(chatter, capsys):
    """Against the simulator's model server, which counts who hangs up on it."""
    async with World(seed=1, speed=1, timing=QUICK) as world:
        provider = await chatter.house.workspace.providers.aget()
        provider.base_url = world.openai_url
        await provider.asave()
        await provider.language_models.aupdate(name="sim-fast", timeout_ms=20_000)
        counts = world.stats.of("sim-fast")
        async with chatter.asking("Tell me all about my bill, please. " * 5) as answer:
            await answer.read(until=lambda told: told.text)
            asked_at = time.perf_counter()
            stopping = asyncio.create_task(chatter.stop())
            await until(lambda: counts.aborted)
            seconds = time.perf_counter() - asked_at
            await stopping
            await answer.read()

    with capsys.disabled():
        print(f"\n  stop: the model server saw it after {seconds * 1000:.0f} ms")
    assert seconds < 1
    assert answer.types[-1] == "abort"


async def test_a_stop_before_the_first_word_leaves_the_question(chatter, model):
    model.plays["m"] = [[HANG], [Say("Now."), Stop()]]
    async with chatter.asking() as answer:
        await answer.read(until=lambda told: told.parts)
        await until(lambda: model.requests)
        await chatter.stop()
        await answer.read()

    assert answer.types == ["start", "start-step", "finish-step", "abort"]
    assert [turn.role async for turn in Turn.objects.all()] == ["caller"]
    assert (await chatter.ask()).text == "Now."  # the same message


async def test_a_stop_while_a_tool_runs(chatter, model, shop):
    model.plays["m"] = [[Say("Let me see."), Part("{}", id="c1", name="bill__lookup"), Stop("tool_calls")]]
    shop.open.clear()
    async with chatter.asking() as answer:
        await until(lambda: shop.asked)
        await chatter.stop()
        await answer.read()

    assert answer.types[-4:] == ["tool-output-error", "finish-step", "message-metadata", "abort"]
    used = await Turn.objects.aget(role="tool")
    assert used.tool_ok is False


async def test_what_was_stopped_is_part_of_the_conversation(chatter, model):
    model.plays["m"] = [[Say("One"), HANG], [Say("Two."), Stop()]]
    async with chatter.asking("Hello?", "u1") as answer:
        await answer.read(until=lambda told: told.text)
        await chatter.stop()
        await answer.read()

    await chatter.ask("Go on.", "u2")

    told = [m["content"] for m in model.requests[-1].body["messages"][1:]]
    assert told == ["Hello?", "One", "Go on."]


async def test_once_it_is_stopped_something_else_can_be_asked(chatter, model):
    model.plays["m"] = [[Say("One"), HANG], [Say("Two."), Stop()]]
    async with chatter.asking("Hello?", "u1") as answer:
        await answer.read(until=lambda told: told.text)
        await chatter.stop()

        assert (await chatter.ask("And?", "u2")).text == "Two."


async def test_with_nothing_to_stop_it_says_so(chatter):
    await chatter.ask()

    assert await chatter.stop() == {"stopped": False}


async def test_an_answer_that_began_without_the_log_can_be_stopped_once_it_is_back(chatter, model, settings):
    model.plays["m"] = [[HANG]]
    await LanguageModel.objects.aupdate(timeout_ms=60_000)
    leads = dial_of(settings.REDIS_LOG_URL)

    async def nowhere():
        raise OSError

    async with Relay(nowhere) as relay:
        settings.REDIS_LOG_URL = behind(relay, settings.REDIS_LOG_URL)
        await chatter.ask()
        relay.dial = leads

        async def stopped() -> bool:
            response = await chatter.client.post("/api/chat/chat-1/stop")
            return response.status_code == 200 and model.requests[0].hung_up.is_set()

        await until(stopped, 30)
        await sockets().hand_on()


@pytest.mark.parametrize(
    ("trouble", "of"),
    [
        ("silent", ("REDIS_LOG_URL",)),
        ("silent", ("REDIS_URL", "REDIS_LOG_URL")),
        ("broken", ("REDIS_URL", "REDIS_LOG_URL")),
        ("gone", ("REDIS_URL", "REDIS_LOG_URL")),
    ],
)
async def test_a_stop_is_answered_soon_whatever_redis_does(chatter, model, settings, trouble, of):
    model.plays["m"] = [[Say("One"), HANG]]
    leads = dial_of(settings.REDIS_URL)

    async def nowhere():
        raise OSError

    async with Relay(leads) as relay:
        for name in of:
            setattr(settings, name, behind(relay, getattr(settings, name)))
        async with chatter.asking() as answer:
            await answer.read(until=lambda told: told.text)
            relay.silent = trouble == "silent"
            if trouble != "silent":
                relay.break_off()
            if trouble == "gone":
                relay.dial = nowhere
            asked_at = time.perf_counter()
            response = await chatter.client.post("/api/chat/chat-1/stop")
            seconds = time.perf_counter() - asked_at
            relay.silent, relay.dial = False, leads

            async def stopped() -> bool:
                await chatter.client.post("/api/chat/chat-1/stop")
                return model.requests[0].hung_up.is_set()

            await until(stopped, 30)
            await answer.read()

    assert response.status_code == (200 if trouble == "broken" else 503)
    assert seconds < 5
    assert answer.done


async def test_a_stop_is_for_its_own_answer_only(chatter, model):
    model.plays["m"] = [[Say("One"), HANG], [Say("Two "), Wait(0.2), Say("three."), Stop()]]
    async with chatter.asking("Hello?", "u1") as answer:
        await answer.read(until=lambda told: told.text)
        await chatter.stop()
        await answer.read()

    assert (await chatter.ask("And?", "u2")).text == "Two three."


# --- Processes that die ----------------------------------------------------------------------------------


@pytest.fixture
async def dead(chatter, settings) -> Call:
    """A chat whose process died after two words of an answer."""
    await chatter.ask("Hello?", "u1")
    call = await Call.objects.aget()
    asked = TurnSpoken("u2", timezone.now(), "caller", "And?", 3_000, 3_000, n=3)
    opening = Opening(call.started_at, level="token")
    record = sync_to_async(services.record_quietly)
    await record(call.workspace_id, "chat", "chat-1", [asked], source=SOCKET, opening=opening)
    thinking = {"n": 4, "key": "msg_dead", "role": "agent", "state": "thinking", "start_ms": 4_000}
    said = [
        {"type": "start-step"},
        {"type": "data-turn", "id": "msg_dead", "data": thinking},
        {"type": "text-start", "id": "msg_dead"},
        {"type": "text-delta", "id": "msg_dead", "delta": "Let me"},
    ]
    log = Log()
    await log.append(parts.topic(call), [Entry(part, group="msg_dead") for part in said])
    await log.close()
    client = Redis.from_url(settings.REDIS_URL)
    await client.set(f"lease:{call.pk}", "0123456789abcdef msg_dead u2", px=800)
    await client.aclose()
    return call


async def test_whoever_reads_is_told_once_and_what_was_said_is_kept(chatter, dead):
    async def see():
        watch = Watch(dead=0)
        try:
            while not await Turn.objects.filter(key="msg_dead").aexists():
                await watch.look()
                await asyncio.sleep(0.1)
        finally:
            await watch.close()

    async with chatter.resuming() as first, chatter.resuming() as second:
        await asyncio.gather(first.read(), second.read(), see())

    for answer in (first, second):
        assert (answer.text, answer.done) == ("Let me", True)
        assert answer.types[-2:] == ["data-error", "error"]
        assert answer.of("data-error")[0]["data"]["type"] == "interrupted"
        assert answer.of("data-error")[0]["data"]["retryable"] is True
        assert len(answer.of("error")) == 1
    kept = await Turn.objects.aget(key="msg_dead")
    assert (kept.text, kept.error) == ("Let me", "interrupted")


async def test_without_a_watch_whoever_reads_notices_by_themselves(dead):
    told = b""
    async with aclosing(tail.tail(dead, "msg_dead", look=0.2, dead=0.2)) as chunks:
        async for chunk in chunks:
            told += chunk

    assert b'"Let me"' in told
    assert told.count(b'"errorText"') == 1
    assert b'"type":"interrupted"' in told
    assert told.endswith(b"data: [DONE]\n\n")


async def test_who_asks_next_finds_what_was_left_written_down(chatter, model, dead):
    async def free():
        return await leases().about(dead.pk) is None

    await until(free)

    again = await chatter.ask("Then?", "u3")

    assert again.text == "Hello."
    kept = await Turn.objects.aget(key="msg_dead")
    assert (kept.n, kept.text, kept.error) == (4, "Let me", "interrupted")
    told = [m["content"] for m in model.requests[-1].body["messages"][1:]]
    assert told == ["Hello?", "Hello.", "And?", "Let me", "Then?"]


async def test_a_silent_answer_is_kept_alive(chatter, model):
    model.plays["m"] = [[HANG]]
    async with chatter.asking() as answer:
        await answer.read(until=lambda told: told.parts)
        call = await Call.objects.aget()
        told = b""
        async with aclosing(tail.tail(call, answer.key, look=0.1, heartbeat=0.2)) as chunks:
            async for chunk in chunks:
                told += chunk
                if told.count(b": still here\n\n") == 2:
                    break
        await chatter.stop()
        await answer.read()

    assert answer.types[-1] == "abort"
