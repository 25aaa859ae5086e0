"""OpenAI's wire, and the dialects of those who speak like it."""

from decimal import Decimal

import pytest

from agents.llm.events import Failed, Finish, Started, TextDelta, ToolCall, Usage
from agents.llm.request import Message, ToolSpec
from agents.models import LanguageModel
from tests.agents.vendors import HELLO, Counts, Part, Raw, Refuse, Say, Stop

LOOKUP = ToolSpec("outage.lookup", "Look up an outage.", {"type": "object", "properties": {"id": {}}})


@pytest.fixture
def played(vendors, add_model, ask):
    """`await played(*steps)`: the events of an answer that goes like this."""

    async def run(*steps, **fields):
        await add_model("a")
        vendors.play("a", *steps)
        return [event for event in await ask(**fields) if not isinstance(event, Started)]

    return run


def calls_in(events) -> list[ToolCall]:
    return [event for event in events if isinstance(event, ToolCall)]


async def test_it_puts_a_tool_call_together(played):
    events = await played(
        Say("Let me look. "),
        Part("", id="t1", name="outage__lookup", index=0),
        Part("", id="t2", name="end_call", index=1),
        Part('{"id": ', index=0),
        Part("7}", index=0),
        Stop("tool_calls"),
        Counts(fresh=50, out=9),
        tools=[LOOKUP],
    )

    assert events == [
        TextDelta("Let me look. "),
        ToolCall("t1", "outage.lookup", {"id": 7}, '{"id": 7}'),
        ToolCall("t2", "end_call", {}, ""),
        Usage(50, 0, 9, cost_usd=events[-2].cost_usd),
        Finish("tool_calls"),
    ]


@pytest.mark.parametrize("raw", ['{"id": ', "[1]", '"text"'])
async def test_arguments_that_are_no_object_are_handed_on_as_they_are(played, raw):
    [call] = calls_in(await played(Part(raw, id="t1", name="outage__lookup"), Stop("tool_calls")))

    assert (call.arguments, call.raw) == (None, raw)


@pytest.mark.parametrize("index", [0, None], ids=["always index 0", "no index"])
async def test_it_tells_whole_calls_apart_by_their_ids(played, index):
    events = await played(
        Part('{"n": 1}', id="t1", name="a", index=index),
        Part('{"n": 2}', id="t2", name="b", index=index),
        Stop("stop"),
    )

    assert [(call.id, call.arguments) for call in calls_in(events)] == [("t1", {"n": 1}), ("t2", {"n": 2})]
    assert events[-1] == Finish("tool_calls")


async def test_it_gives_a_call_without_an_id_one(played):
    [call] = calls_in(await played(Part("{}", name="a", index=None), Stop("tool_calls")))

    assert call.id.startswith("call_")


@pytest.mark.parametrize(
    "oddity",
    [
        Say(""),
        Say(None),
        Raw(b'data: {"choices": null}\n\n'),
        Raw(b'data: {"choices": [{"index": 0, "delta": null, "finish_reason": ""}]}\n\n'),
        Raw(b'data: {"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]}\n\n'),
        Raw(b'data: {"choices": [{"index": 0, "delta": {"content": "", "tool_calls": null}}]}\n\n'),
    ],
)
async def test_it_takes_no_offence_at_dialects(played, oddity):
    events = await played(oddity, Say("Yes."), oddity, Stop("eos"), oddity)

    assert (events[0], events[-1]) == (TextDelta("Yes."), Finish("stop"))


async def test_it_takes_counts_from_wherever_they_come(played):
    last = b'data: {"choices": [{"index": 0, "delta": {"content": "."}, "finish_reason": "length"}],'
    usage = b' "usage": {"prompt_tokens": 5, "completion_tokens": 2}}\n\n'

    events = await played(Say("Yes"), Raw(last + usage))

    assert events[-2:] == [Usage(5, 0, 2, cost_usd=events[-2].cost_usd), Finish("length")]


async def test_what_breaks_behind_the_end_costs_only_the_counts(played):
    events = await played(Say("Yes."), Stop(), Raw(b"data: {not json\n\n"))

    assert events[-1] == Finish("stop")
    assert events[-2].estimated


async def test_a_broken_chunk_breaks_the_answer(played):
    events = await played(Say("Yes"), Raw(b"data: {not json\n\n"), Say("."), Stop())

    assert isinstance(events[-1], Failed)
    assert events[-1].type == "connection"


async def test_a_refusal_is_no_answer(played):
    refusal = Raw(b'data: {"choices": [{"index": 0, "delta": {"refusal": "I cannot."}}]}\n\n')

    events = await played(refusal, Stop())

    assert [(event.type, event.retryable) for event in events] == [("content_filter", False)]


async def test_it_asks_in_the_vendors_words(vendors, add_model, ask):
    await add_model("a", options={"reasoning_effort": "none"})
    vendors.play("a", *HELLO)

    await ask(
        messages=[
            Message("assistant", "Larkfield, hello."),
            Message("user", "Is it out?"),
            Message("assistant", "One moment.", tool_calls=(ToolCall("t1", "outage.lookup", {"id": 7}),)),
            Message("tool", "yes", tool_call_id="t1"),
        ],
        tools=[LOOKUP],
        temperature=0.3,
        max_tokens=99,
    )

    [seen] = vendors.requests
    assert seen.path == "/v1/chat/completions"
    assert seen.headers["authorization"] == "Bearer sk-test"
    assert seen.body == {
        "model": "a",
        "messages": [
            {"role": "system", "content": "You are Juno."},
            {"role": "assistant", "content": "Larkfield, hello."},
            {"role": "user", "content": "Is it out?"},
            {
                "role": "assistant",
                "content": "One moment.",
                "tool_calls": [
                    {
                        "id": "t1",
                        "type": "function",
                        "function": {"name": "outage__lookup", "arguments": '{"id": 7}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "t1", "content": "yes"},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "outage__lookup",
                    "description": "Look up an outage.",
                    "parameters": {"type": "object", "properties": {"id": {}}},
                },
            }
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 99,
        "temperature": 0.3,
        "reasoning_effort": "none",
    }


async def test_it_leaves_the_temperature_out_where_a_model_refuses_it(vendors, add_model, ask):
    model: LanguageModel = await add_model("a", takes_temperature=False)
    vendors.play(model.name, *HELLO)

    await ask(temperature=0.3)

    assert "temperature" not in vendors.requests[0].body


async def test_counts_that_are_none_are_counted_by_us(vendors, add_model, ask, recorded):
    await add_model("a")
    vendors.play("a", Say("Hello."), Stop(), Counts(fresh=-12, out=3))
    vendors.play("a", Say("Hello."), Stop(), Counts(fresh=12, out=-3))
    await ask()
    await ask()

    first, second = await recorded()
    assert (first.estimated, first.tokens_in > 0, first.tokens_out) == (True, True, 2)
    assert (second.estimated, second.tokens_in, second.tokens_out) == (True, 12, 2)
    assert min(first.cost_usd, second.cost_usd) > 0


async def test_a_vendor_that_says_what_no_record_holds_is_recorded(vendors, add_model, ask, recorded):
    """One vendor's nonsense would otherwise keep everybody's records waiting."""
    await add_model("a")
    vendors.play("a", Refuse(400, "\x00\ud800" * 99, "", {"x-request-id": "x" * 500}))
    vendors.play("a", Say("Hello."), Stop(), Counts(fresh=10**30, out=10**30))
    await ask()
    await ask()

    refused, answered = await recorded()
    assert (refused.error_code, refused.request_id) == ("other", "")
    assert (answered.tokens_in, answered.cost_usd) == (2**31 - 1, Decimal("25769.80376400"))
