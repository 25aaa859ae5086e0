"""`POST /api/chat`: what is asked, answered, told and kept."""

import asyncio
from decimal import Decimal

from asgiref.sync import sync_to_async

from agents.llm import router
from agents.models import Budget, LanguageModel, ModelCall
from calls import parts
from calls.models import Call
from live.chat import record
from live.process import leases, sockets
from streaming.log import Log
from tests.agents.vendors import CUT, Refuse, Say, Stop, Until, Wait
from tests.live.chat.typing import FOUND, LOOKS, turns
from tests.live.house import told, until


async def test_it_answers_and_keeps_what_was_streamed(chatter, model):
    answer = await chatter.ask("Why is my bill so high?", "u1")

    assert answer.types == [
        "start", "start-step", "text-start", "text-delta", "text-end", "finish-step", "finish",
    ]  # fmt: skip
    assert answer.done
    question, answered = await turns()
    assert (question.key, question.role, question.text) == ("u1", "caller", "Why is my bill so high?")
    assert (answered.key, answered.text) == (answer.key, answer.text) == (answer.key, "Hello.")
    call = await Call.objects.aget()
    assert (call.channel, call.platform, call.platform_call_id) == ("chat", "chat", "chat-1")
    assert (call.title, call.status, call.agent_id) == (
        "Why is my bill so high?",
        "live",
        chatter.house.agent.pk,
    )


async def test_it_says_who_answers_and_what_it_cost(chatter, model):
    answer = await chatter.ask()

    call = await Call.objects.aget()
    headers = answer.response.headers
    assert headers["content-type"] == "text/event-stream"
    assert headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert headers["cache-control"] == "no-cache, no-transform"
    assert headers["x-conversation-id"] == str(call.pk)
    assert (headers["x-model-name"], headers["x-model-tier"], headers["x-fallback-chain"]) == (
        "m",
        "fast",
        "",
    )
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("300", "299")
    metadata = answer.parts[-1]["messageMetadata"]
    assert metadata.pop("firstTokenMs") >= 0
    assert metadata == {
        "model": "m",
        "provider": "Main",
        "tier": "fast",
        "fallback": 0,
        "usage": {"inputTokens": 12, "outputTokens": 3, "cachedTokens": 0},
        "costUsd": "0.00005400",
        "cached": False,
        "traceId": headers["x-trace-id"],
        "finishReason": "stop",
    }


async def test_the_record_tells_the_same_of_it_as_the_stream(chatter, model):
    answer = await chatter.ask()
    await router.drain()

    finished = await sync_to_async(record.finished)((await Call.objects.aget()).pk, answer.key)

    assert finished.metadata == answer.parts[-1]["messageMetadata"]
    (attempt,) = [row async for row in ModelCall.objects.all()]
    assert (attempt.feature, attempt.turn, attempt.cost_usd) == ("chat", answer.key, Decimal("0.000054"))


async def test_who_watches_the_call_sees_it_as_any_other(chatter, model):
    answer = await chatter.ask("Hello?", "u1")

    call = await Call.objects.aget()
    shown = await told(parts.topic(call))
    pictures = {part["id"]: part["data"] for part in shown if part["type"] == "data-turn"}
    assert pictures["u1"]["text"] == "Hello?"
    assert (pictures[answer.key]["state"], pictures[answer.key]["text"]) == ("final", "Hello.")


# --- Tools ---------------------------------------------------------------------------------------------


async def test_tools_are_used_here_and_shown_where_they_were_used(chatter, model, shop):
    model.plays["m"] = [LOOKS, FOUND]

    answer = await chatter.ask()

    assert answer.types == [
        "start", "start-step", "text-start", "text-delta", "text-end",
        "tool-input-available", "tool-output-available", "finish-step",
        "start-step", "text-start", "text-delta", "text-end", "finish-step", "finish",
    ]  # fmt: skip
    asked, given = answer.of("tool-input-available")[0], answer.of("tool-output-available")[0]
    assert (asked["toolName"], asked["input"]) == ("bill.lookup", {"month": "May"})
    assert given == {
        "type": "tool-output-available",
        "toolCallId": asked["toolCallId"],
        "output": '{"due": 12}',
    }
    assert shop.asked[0]["args"] == {"month": "May"}
    _, said, used = await turns()
    assert (said.text, used.tool_name, used.text) == (answer.text, "bill.lookup", '{"due": 12}')
    offered = [tool["function"]["name"] for tool in model.asked("m")[0].body["tools"]]
    assert offered == ["bill__lookup"]  # nobody can be put through, and there is nothing to hang up


async def test_a_tool_that_fails_is_shown_and_the_answer_goes_on(chatter, model, shop):
    model.plays["m"] = [LOOKS, FOUND]
    shop.answers = [(500, "broken")]

    answer = await chatter.ask()

    assert answer.of("tool-output-error")[0]["errorText"] == "The tool answered with status 500."
    assert answer.types[-1] == "finish"


async def test_what_tools_gave_is_known_in_the_next_answer(chatter, model):
    model.plays["m"] = [LOOKS, FOUND, [Say("Yes."), Stop()]]
    await chatter.ask("How much?", "u1")

    await chatter.ask("Sure?", "u2")

    told = model.asked("m")[-1].body["messages"]
    assert [m["role"] for m in told] == ["system", "user", "assistant", "tool", "assistant", "user"]
    assert told[3]["content"] == '{"due": 12}'
    assert told[4]["content"] == "Let me see. It is 12 pounds."


# --- When it breaks ------------------------------------------------------------------------------------


async def test_a_model_that_fails_is_an_error_with_a_type(chatter, model):
    model.plays["m"] = [[Refuse(429)]]

    answer = await chatter.ask()

    assert answer.types == ["start", "start-step", "message-metadata", "data-error", "error"]
    assert answer.done
    trace = answer.response.headers["x-trace-id"]
    assert answer.parts[-2]["data"] == {"type": "rate_limited", "retryable": True, "trace_id": trace}
    assert answer.parts[-1]["errorText"]
    _, lost = await turns()
    assert (lost.error, lost.text) == ("rate_limited", "")


async def test_one_that_breaks_in_the_middle_keeps_what_was_said(chatter, model):
    model.plays["m"] = [[Say("One "), Say("two"), CUT]]

    answer = await chatter.ask()

    assert answer.text == "One two"
    assert answer.types[-4:] == ["text-end", "message-metadata", "data-error", "error"]
    assert answer.parts[-2]["data"]["type"] == "connection"
    _, lost = await turns()
    assert (lost.text, lost.error) == ("One two", "connection")


async def test_over_budget_it_is_an_error_that_trying_again_does_not_mend(chatter, model):
    await Budget.objects.acreate(workspace=chatter.house.workspace, period="day", hard_usd=0)

    answer = await chatter.ask()

    assert answer.types[-2:] == ["data-error", "error"]
    error = answer.parts[-2]["data"]
    assert (error["type"], error["retryable"]) == ("budget_exceeded", False)
    assert not model.requests


async def test_it_says_who_answered_in_whose_place(chatter, model):
    provider = await chatter.house.workspace.providers.aget()
    await LanguageModel.objects.acreate(
        workspace=chatter.house.workspace, provider=provider, name="spare ☎", tier="standard"
    )
    model.plays |= {"m": [[Refuse(529)]], "spare ☎": [[Say("Hello."), Stop()]]}

    answer = await chatter.ask()

    assert answer.response.headers["x-fallback-chain"] == "spare ?"
    metadata = answer.parts[-1]["messageMetadata"]
    assert (metadata["model"], metadata["tier"], metadata["fallback"]) == ("spare ☎", "standard", 1)


async def test_it_names_who_would_be_asked_and_nobody_who_is_left_alone(chatter, model):
    provider = await chatter.house.workspace.providers.aget()
    other = await chatter.house.workspace.providers.acreate(
        name="Other", kind="openai", base_url=provider.base_url, api_key="sk-other"
    )
    await LanguageModel.objects.acreate(
        workspace=chatter.house.workspace, provider=other, name="spare", tier="standard"
    )
    model.plays |= {"m": [[Refuse(401, "invalid_api_key")]], "spare": [[Say("Hello."), Stop()]]}
    await chatter.ask()

    given_again = await chatter.ask()

    assert len(model.requests) == 2
    headers = given_again.response.headers
    assert (headers["x-model-name"], headers["x-model-tier"], headers["x-fallback-chain"]) == (
        "spare",
        "standard",
        "",
    )


async def test_whoever_comes_whenever_is_told_the_whole(chatter, model, shop):
    """Before the tool is used and behind it, and over a Redis that forgets everything meanwhile."""
    go_on = asyncio.Event()
    model.plays["m"] = [LOOKS, [Say("It is "), Until(go_on), Say("12."), Stop()]]
    shop.open.clear()
    log = Log()

    def uses_a_tool(one) -> bool:
        return bool(one.of("tool-input-available"))

    def says_it(one) -> bool:
        return "It is" in one.text

    async with chatter.asking() as answer, chatter.resuming() as early:
        for one in (answer, early):
            await one.read(until=uses_a_tool)
        await log.redis.flushdb()
        shop.open.set()
        await answer.read(until=says_it)
        call = await Call.objects.aget()
        await until(lambda: leases().about(call.pk))  # Redis is told of it again
        async with chatter.resuming() as late:
            await late.read(until=says_it)
            go_on.set()
            for one in (answer, early, late):
                await one.read()
    await log.close()

    for one in (answer, early, late):
        assert (one.text, one.types, one.done) == ("Let me see. It is 12.", answer.types, True)


async def test_who_leaves_stops_nothing(chatter, model):
    model.plays["m"] = [[Say("One "), Wait(0.2), Say("two."), Stop()]]
    async with chatter.asking() as left:
        await left.read(until=lambda told: told.text)

    async def kept():
        found = [turn.text for turn in await turns() if turn.role == "agent"]
        return found == ["One two."]

    await until(kept)


async def test_a_process_that_has_to_go_finishes_its_answers(chatter, model):
    model.plays["m"] = [[Say("One "), Wait(0.2), Say("two."), Stop()]]
    async with chatter.asking() as answer:
        await answer.read(until=lambda told: told.text)
        leaving = asyncio.create_task(sockets().hand_on())
        await answer.read()
        await leaving

    assert (answer.text, answer.done) == ("One two.", True)
