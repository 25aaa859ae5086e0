"""Anthropic's wire."""

import pytest

from agents.llm.events import Failed, Finish, Started, TextDelta, ToolCall, Usage
from agents.llm.request import Message, ToolSpec
from tests.agents.vendors import HELLO, Counts, Part, Raw, Say, Stop

LOOKUP = ToolSpec("outage.lookup", "Look up an outage.")


@pytest.fixture
def played(vendors, add_model, ask):
    async def run(*steps, **fields):
        await add_model("a", kind="anthropic")
        vendors.play("a", *steps)
        return [event for event in await ask(**fields) if not isinstance(event, Started)]

    return run


async def test_it_puts_tool_calls_together(played):
    events = await played(
        Say("Let me look. "),
        Part('{"id"', id="t1", name="outage__lookup"),
        Part(": 7}"),
        Part("", id="t2", name="end_call"),
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


async def test_it_counts_the_cached_part_of_a_prompt_in(played):
    events = await played(Say("Yes."), Stop(), Counts(fresh=10, cached=90, out=4))

    assert (events[-2].tokens_in, events[-2].tokens_cached, events[-2].tokens_out) == (100, 90, 4)


async def test_what_a_cancelled_answer_said_of_its_prompt_is_kept(played):
    """The vendor counts the prompt first: only the words are estimated."""
    events = await played(Say("12345678"), Counts(fresh=77, out=0))

    assert isinstance(events[-1], Failed)
    assert (events[-2].tokens_in, events[-2].tokens_out, events[-2].estimated) == (77, 2, True)


@pytest.mark.parametrize(
    "oddity",
    [
        Raw(b'event: thinking_of_you\ndata: {"type": "thinking_of_you"}\n\n'),
        Raw(
            b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, '
            b'"delta": {"type": "thinking_delta", "thinking": "hm"}}\n\n'
        ),
        Raw(b'event: content_block_stop\ndata: {"type": "content_block_stop", "index": 9}\n\n'),
        Raw(b"event: content_block_stop\ndata:\n\n"),
        Say(""),
    ],
)
async def test_it_passes_over_what_it_does_not_know(played, oddity):
    events = await played(oddity, Say("Yes."), oddity, Stop())

    assert (events[0], events[-1]) == (TextDelta("Yes."), Finish("stop"))


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("stop_sequence", "stop"), ("max_tokens", "length"), ("model_context_window_exceeded", "length")],
)
async def test_it_says_why_it_stopped(played, reason, finish):
    assert (await played(Say("Yes."), Stop(reason)))[-1] == Finish(finish)


async def test_a_refusal_is_a_failure_that_has_been_paid_for(played, recorded):
    events = await played(Say("I "), Stop("content_filter"), Counts(fresh=10, out=2))

    assert isinstance(events[-1], Failed)
    assert (events[-1].type, events[-1].retryable) == ("content_filter", False)
    [row] = await recorded()
    assert (row.finish, row.error_code, row.tokens_out) == ("content_filter", "refusal", 2)


async def test_it_asks_in_the_vendors_words(vendors, add_model, ask):
    await add_model("a", kind="anthropic", options={"thinking": {"type": "disabled"}})
    vendors.play("a", *HELLO)

    await ask(
        messages=[
            Message("assistant", "Larkfield, hello."),
            Message("user", "Is it out?"),
            Message("user", "Hello?"),
            Message("assistant", "One moment. ", tool_calls=(ToolCall("t1", "outage.lookup", {"id": 7}),)),
            Message("tool", "yes", tool_call_id="t1"),
            Message("assistant", "It is."),
        ],
        tools=[LOOKUP],
        temperature=1.4,
        max_tokens=99,
    )

    [seen] = vendors.requests
    assert seen.path == "/v1/messages"
    assert seen.headers["authorization"] == "Bearer sk-test"
    assert seen.body == {
        "model": "a",
        "system": "You are Juno.",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "(The call is connected.)"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "Larkfield, hello."}]},
            {
                "role": "user",
                "content": [{"type": "text", "text": "Is it out?"}, {"type": "text", "text": "Hello?"}],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "One moment."},
                    {"type": "tool_use", "id": "t1", "name": "outage__lookup", "input": {"id": 7}},
                ],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "yes"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "It is."}]},
            {"role": "user", "content": [{"type": "text", "text": "(Silence.)"}]},
        ],
        "tools": [
            {
                "name": "outage__lookup",
                "description": "Look up an outage.",
                "input_schema": {"type": "object", "properties": {}},
            }
        ],
        "stream": True,
        "max_tokens": 99,
        "temperature": 1.0,
        "thinking": {"type": "disabled"},
    }


@pytest.mark.parametrize("count", [-5, "12", 10**30, None])
async def test_a_count_that_cannot_be_one_changes_nothing_but_the_count(played, recorded, count):
    events = await played(Say("Hello."), Stop(), Counts(fresh=count, out=count, cached=3))

    assert isinstance(events[-1], Finish)
    [row] = await recorded()
    assert (row.finish, row.tokens_cached) == ("stop", 3)
    assert 0 <= row.tokens_out < 2**31
    assert row.cost_usd >= 0
