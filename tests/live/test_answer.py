"""Single answers, with a model that does what the test tells it to."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import count

import pytest
from asgiref.sync import sync_to_async

from agents.llm.events import ToolCall
from agents.llm.tools import ToolResult
from agents.services import publish
from calls import board, parts
from calls.models import Call, Turn
from calls.services import record_firing
from live.line import LineLost
from live.orders import REREAD, Order, give
from live.spoken import SpokenAnswer
from platforms.events import RuleFired
from tests.agents.vendors import CUT, HANG, HELLO, Part, Say, Stop, Vendors, Wait
from tests.live.house import GREETING, Peer, dialled, items, told, until

ASKED = (("r0", GREETING), ("user", "I was charged twice."))


@pytest.fixture
async def model(house) -> AsyncIterator[Vendors]:
    async with Vendors() as server:
        house.model.provider.base_url = f"{server.url}/v1"
        await sync_to_async(house.model.provider.save)()
        yield server


@pytest.fixture
async def peer(model, house, address) -> AsyncIterator[Peer]:
    async with dialled(address, house.agent, "call_1") as peer:
        await peer.answered(0)
        yield peer


async def turn(key: str) -> Turn:
    """The turn once it is in the record, finished."""

    def find():
        found = Turn.objects.filter(key=key).first()
        return found if found and found.end_ms is not None else None

    return await until(lambda: sync_to_async(find)())


async def shown() -> list[dict]:
    call = await sync_to_async(Call.objects.get)()
    return await told(parts.topic(call))


async def test_words_go_out_as_they_come(model, peer):
    model.play("sim-fast", Say("Hel"), Say("lo."), Stop())
    await peer.ask(1, *ASKED)
    await peer.answered(1)

    assert [(frame["content"], frame["content_complete"]) for frame in peer.responses(1)] == [
        ("Hel", False),
        ("lo.", False),
        ("", True),
    ]
    assert [piece for _, piece in (await turn("r1")).stream] == ["Hel", "lo."]


async def test_a_whisper_heard_of_once_an_answer_had_begun_goes_into_the_next(model, peer):
    model.play("sim-fast", Say("Hello."), Stop())
    await peer.ask(1, *ASKED)
    await peer.answered(1)
    call = await Call.objects.aget()
    told = {"do": "whisper", "done": "whisper", "say": "Offer a colleague."}
    fired = RuleFired(call.started_at, "r1", 1, name="", at_ms=0, **told)  # noticed before that answer
    await sync_to_async(record_firing)(call, fired)
    asked = count(2)

    async def whispered():
        await give(Order(str(call.pk), REREAD))
        model.play("sim-fast", Say("Hello."), Stop())
        await peer.ask(number := next(asked), *ASKED)
        await peer.answered(number)
        return "Offer a colleague." in str(model.asked("sim-fast")[-1].body)

    await until(whispered)
    assert await whispered() is False


async def test_the_agent_may_hang_up(model, peer):
    model.play("sim-fast", Say("Goodbye."), Part("{}", id="t1", name="end_call"), Stop("tool_calls"))
    await peer.ask(1, *ASKED)

    assert await peer.answered(1) == "Goodbye."
    assert peer.responses(1)[-1]["end_call"] is True
    assert len(model.requests) == 1
    assert peer.of("tool_call_invocation")[0]["name"] == "end_call"


async def test_last_words_may_come_with_the_hanging_up(model, peer):
    goodbye = Part('{"message": "Take care."}', id="t1", name="end_call")
    model.play("sim-fast", goodbye, Stop("tool_calls"))
    await peer.ask(1, *ASKED)

    assert await peer.answered(1) == "Take care."
    assert (await turn("r1")).text == "Take care."


async def test_the_agent_puts_callers_through_only_to_numbers_of_its_prompt(model, house, peer):
    model.play("sim-fast", Part('{"number": "+4490900"}', id="t1", name="transfer_call"), Stop("tool_calls"))
    model.play("sim-fast", Say("I cannot do that."), Stop())
    await peer.ask(1, *ASKED)
    await peer.answered(1)

    assert "transfer_number" not in peer.responses(1)[-1]
    assert peer.of("tool_call_result")[0]["successful"] is False


async def test_the_agent_puts_callers_through(model, house, address):
    await sync_to_async(publish)(house.agent, prompt="Colleagues are reached at +442079460150.")
    model.play("sim-fast", Say("One moment."), Part("{}", id="t1", name="transfer_call"), Stop("tool_calls"))
    async with dialled(address, house.agent, "call_1") as peer:
        await peer.ask(1, *ASKED)
        await peer.answered(1)

        assert peer.responses(1)[-1]["transfer_number"] == "+442079460150"


async def test_tools_run_side_by_side_and_the_model_reads_their_results(model, peer):
    model.play(
        "sim-fast",
        Say("Let me look."),
        Part('{"postcode": "M4 1AA"}', id="t1", name="outage__lookup", index=0),
        Part("not json", id="t2", name="outage__lookup", index=1),
        Stop("tool_calls"),
    )
    model.play("sim-fast", Say("No power cut."), Stop())
    await peer.ask(1, *ASKED)

    assert await peer.answered(1) == "Let me look. No power cut."
    results = {frame["tool_call_id"]: frame for frame in peer.of("tool_call_result")}
    assert sorted(frame["successful"] for frame in results.values()) == [False, True]
    told_model = [message for message in model.requests[1].body["messages"] if message["role"] == "tool"]
    assert [message["tool_call_id"] for message in told_model] == ["t1", "t2"]
    states = {
        part["id"]: part["data"]["state"]
        for part in await finished(results.keys())
        if part["type"] == "data-turn"
    }
    assert sorted(states[key] for key in results) == ["failed", "ok"]


async def finished(keys) -> list[dict]:
    for key in keys:
        await turn(key)

    async def all_shown():
        parts_shown = await shown()
        done = {
            part["id"]
            for part in parts_shown
            if part["type"] == "data-turn" and part["data"]["state"] in ("ok", "failed")
        }
        return parts_shown if set(keys) <= done else None

    return await until(all_shown)


async def test_a_model_that_only_uses_tools_has_to_speak_in_the_end(model, peer):
    model.play("sim-fast", Part('{"postcode": "M4 1AA"}', id="t1", name="outage__lookup"), Stop("tool_calls"))
    await peer.ask(1, *ASKED)
    await peer.answered(1)

    assert len(model.requests) == 7
    assert "tools" not in model.requests[-1].body


async def test_a_model_that_breaks_off_is_apologised_for_once(model, peer):
    model.play("sim-fast", Say("I can see"), CUT)
    await peer.ask(1, *ASKED)
    text = await peer.answered(1)

    assert text.startswith("I can see Sorry")
    assert text.count("Sorry") == 1
    row = await turn("r1")
    assert (row.text, row.error) == (text, "connection")
    assert sum(part["type"] == "data-error" for part in await shown()) == 1


async def test_a_call_that_may_cost_no_more_is_apologised_for_and_no_model_is_asked(model, house, address):
    house.agent.call_cap_usd, house.model.price_out = 0, 10
    for row in (house.agent, house.model):
        await sync_to_async(row.save)()
    async with dialled(address, house.agent, "call_1") as peer:
        await peer.answered(0)
        await peer.ask(1, *ASKED)
        assert "Sorry" in await peer.answered(1)

    assert (await turn("r1")).error == "budget_exceeded"
    assert model.requests == []


async def test_a_question_before_the_first_word_leaves_nothing_of_the_older_answer(model, peer):
    model.play("sim-fast", HANG)
    model.play("sim-fast", *HELLO)
    await peer.ask(1, *ASKED)
    await until(lambda: model.requests)
    await peer.ask(2, *ASKED)
    await peer.answered(2)

    await until(lambda: model.requests[0].hung_up.is_set())
    assert (await turn("r2")).n == 3
    dropped = [part for part in await shown() if part.get("id") == "r1" and part["type"] == "data-turn"]
    assert [part["data"]["state"] for part in dropped] == ["thinking", "dropped"]
    assert not await sync_to_async(Turn.objects.filter(key="r1").exists)()


async def test_questions_in_quick_succession_get_one_answer(model, peer):
    model.play("sim-fast", Wait(0.2), Say("Yes."), Stop())
    for response_id in range(1, 8):
        await peer.ask(response_id, *ASKED)

    assert await peer.answered(7) == "Yes."
    assert [frame["response_id"] for frame in peer.of("response") if frame["content_complete"]] == [0, 7]
    await turn("r7")
    steps = [part["type"] for part in await shown() if part["type"] in ("start-step", "finish-step")]
    assert steps == ["start-step", "finish-step"] * (len(steps) // 2)


async def test_an_older_or_repeated_question_is_not_answered_again(model, peer):
    model.play("sim-fast", *HELLO)
    await peer.ask(2, *ASKED)
    await peer.answered(2)
    await peer.ask(2, *ASKED)
    await peer.ask(1, *ASKED)
    await peer.ask(3, *ASKED)
    await peer.answered(3)

    assert len(model.requests) == 2
    assert peer.responses(1) == []


async def test_a_silent_caller_is_spoken_to(model, peer):
    model.play("sim-fast", Say("Are you there?"), Stop())
    await peer.ask(1, ("r0", GREETING), kind="reminder_required")

    assert await peer.answered(1) == "Are you there?"
    assert "nothing for a while" in model.requests[0].body["messages"][-1]["content"]
    assert (await turn("r1")).reply_ms is None


async def test_a_caller_who_hangs_up_ends_the_answer_and_its_request(model, peer):
    model.play("sim-fast", Say("Well, "), HANG)
    await peer.ask(1, *ASKED)
    await until(lambda: peer.text(1))
    await peer.close()

    await until(lambda: model.requests[0].hung_up.is_set())
    row = await turn("r1")
    assert (row.text, row.error) == ("Well, ", parts.SUPERSEDED)


async def test_a_caller_who_goes_on_keeps_their_turn(model, peer):
    model.play("sim-fast", *HELLO)
    await peer.ask(1, ("r0", GREETING), ("user", "I was charged"))
    await turn("c0")
    await peer.update(("r0", GREETING), ("user", "I was charged twice."))
    await peer.ask(2, ("r0", GREETING), ("user", "I was charged twice."))
    await peer.answered(2)

    async def whole():
        row = await turn("c0")
        return row if row.text == "I was charged twice." else None

    row = await until(whole)
    assert row.n == 2
    assert row.stream[-1][1] == "I was charged twice."


async def test_the_board_is_drawn_four_times_a_second_and_ends_up_to_date(model, house, peer):
    model.play("sim-fast", *[step for _ in range(60) for step in (Say("word "), Wait(0.02))], Stop())
    await peer.ask(1, *ASKED)
    text = await peer.answered(1)
    topic = board.topic(house.workspace.pk)

    async def up_to_date():
        cards = await items(topic)
        lines = json.loads(cards[-1].data)["data"]["lines"]
        return cards if lines and lines[-1]["text"] == board.tail(text, board.LINE_LENGTH) else None

    cards = await until(up_to_date)
    drawn_at = [card.id[0] for card in cards]
    # What Redis stamps is after what we drew, sometimes by much: four gaps together make a second, less one.
    four_gaps = [later - earlier for earlier, later in zip(drawn_at, drawn_at[4:], strict=False)]
    assert four_gaps
    assert min(four_gaps) >= 750  # ms


class TwoTools(SpokenAnswer):
    """Its model wants two tools: the line is lost over the first while the second runs."""

    still_running = 0

    async def _ask(self, *, last: bool) -> list[ToolCall]:
        return [ToolCall("t1", "quick", {}, ""), ToolCall("t2", "slow", {}, "")]

    async def _use(self, call: ToolCall) -> ToolResult:
        if call.name == "quick":
            await asyncio.sleep(0)
            raise LineLost
        self.still_running += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.still_running -= 1


async def test_no_tool_goes_on_once_the_line_is_lost():
    answer = TwoTools(None, 1)

    with pytest.raises(LineLost):
        await answer._think()

    assert answer.still_running == 0
