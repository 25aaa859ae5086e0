"""What of a conversation a model is sent, when all of it is more than its window takes."""

from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.llm import context, pricing
from agents.llm.context import EARLIER, fit, measure, size, tighter
from agents.llm.events import ToolCall
from agents.llm.request import Message, Request, ToolSpec, complete

SYSTEM = "You answer the phone of Larkfield Energy."


def request(*messages: Message, **options) -> Request:
    options = {"max_tokens": 100} | options
    return Request(UUID(int=1), "voice", SYSTEM, messages, **options)


def talk(turns: int, words: int = 40) -> list[Message]:
    """User, tool, result, answer; each text says which turn it is of."""
    said = []
    for n in range(turns):
        said += [
            Message("user", f"question {n} " + "word " * words),
            Message("assistant", tool_calls=(ToolCall(f"t{n}", "account.lookup", {"n": n}),)),
            Message("tool", f"result {n} " + "word " * words, tool_call_id=f"t{n}"),
            Message("assistant", f"answer {n} " + "word " * words),
        ]
    return said


def test_what_fits_is_sent_as_it_is():
    asked = request(*talk(3), summary="They greeted.", summarised=1)

    assert fit(asked, 128_000) is asked


def test_the_oldest_go_and_the_newest_stay():
    asked = request(*talk(30), Message("user", "And now?"))

    fitted = fit(asked, 2_000)

    assert size(fitted) <= 2_000 - 100
    assert fitted.system == SYSTEM
    assert fitted.messages[0].text.startswith("question ")
    assert fitted.messages == asked.messages[-len(fitted.messages) :]
    assert len(fitted.messages) > 9


def test_it_is_cut_so_that_the_next_turns_need_no_other_cut():
    asked = request(*talk(30), Message("user", "And now?"))

    first = fit(asked, 4_000).messages[0]
    grown = replace(asked, messages=[*asked.messages, Message("assistant", "Well."), Message("user", "Yes?")])

    assert fit(grown, 4_000).messages[0] == first


def test_the_summary_stands_for_what_it_covers():
    asked = request(*talk(10), summary="They asked for a refund of £12.", summarised=6)

    fitted = fit(asked, round(size(asked) / 1.5))

    assert fitted.system == SYSTEM
    assert fitted.notes == f"{EARLIER}\nThey asked for a refund of £12."
    assert fitted.messages[0].text.startswith("question 6 ")
    assert len(fitted.messages) == 16


def test_a_summary_of_more_than_there_is_says_nothing():
    asked = request(*talk(10), summary="Of another conversation.", summarised=40)

    assert fit(asked, 1_500).notes == ""


def test_notes_are_kept_and_count():
    asked = request(*talk(10), notes="They have called before. " * 40, summary="A refund.", summarised=6)

    fitted = fit(asked, round(size(asked) / 1.5))

    assert fitted.notes == f"{asked.notes}\n\n{EARLIER}\nA refund."
    assert size(asked) - size(replace(asked, notes="")) == 250


def test_what_the_vendor_counted_sets_the_estimate_right():
    asked = request(*talk(10))
    counted = size(asked) * 2

    known = replace(asked, measure=measure(asked, counted))

    assert size(known) == pytest.approx(counted, rel=0.01)
    window = round(counted * 0.9)
    assert fit(asked, window) is asked
    assert size(fit(known, window)) < window


@pytest.mark.parametrize(("tokens", "said"), [(0, 0.5), (10**9, 4.0)])
def test_a_count_that_cannot_be_is_not_believed(tokens, said):
    assert measure(request(*talk(3)), tokens) == said


def test_the_question_stays_while_its_tools_are_used():
    asked = request(*talk(20), *talk(1)[:3])

    fitted = fit(asked, 300)

    assert [message.role for message in fitted.messages] == ["user", "assistant", "tool"]


def test_a_text_that_alone_is_too_long_is_shortened():
    asked = request(
        Message("user", "What does it say?"),
        Message("assistant", tool_calls=(ToolCall("t1", "read", {}),)),
        Message("tool", "x" * 100_000, tool_call_id="t1"),
    )

    fitted = fit(asked, 4_000)

    assert size(fitted) <= 3_400
    assert fitted.messages[0].text == "What does it say?"
    assert fitted.messages[2].text.endswith(context.CLIPPED)


def test_what_a_vendor_refused_is_made_shorter_until_there_is_nothing_left_to_leave_out():
    asked: Request | None = request(*talk(20), Message("user", "And now?"))
    sizes = []
    while asked:
        sizes.append(pricing.prompt_tokens(asked))
        asked = tighter(asked, 128_000)

    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) > 3
    assert all(after < before * 0.7 for before, after in pairwise(sizes[:-1]))


texts = st.text(min_size=1, max_size=60)


@st.composite
def conversations(draw):
    messages = []
    for n in range(draw(st.integers(1, 20))):
        kind = draw(st.sampled_from(["user", "assistant", "tool"]))
        if kind == "tool":
            calls = tuple(ToolCall(f"{n}-{k}", "look", {}) for k in range(draw(st.integers(1, 3))))
            messages.append(Message("assistant", tool_calls=calls))
            messages += [Message("tool", draw(texts), tool_call_id=call.id) for call in calls]
        else:
            messages.append(Message(kind, draw(texts)))
    return messages


@settings(max_examples=150, deadline=None)
@given(
    conversations(),
    st.integers(1, 500),
    st.floats(0.5, 4),
    st.integers(0, 8),
    st.booleans(),
)
def test_no_cut_parts_a_tool_call_from_its_result(messages, window, factor, summarised, again):
    asked = request(
        *messages,
        max_tokens=20,
        measure=factor,
        summary="Notes." if summarised else "",
        summarised=summarised,
        tools=(ToolSpec("look", "Look."),),
    )
    fitted = fit(asked, window)
    fitted = (tighter(fitted, window) or fitted) if again else fitted

    left = list(fitted.messages)
    assert left
    assert left[-1].role == messages[-1].role
    assert [message.role for message in left] == [message.role for message in messages[-len(left) :]]
    said = [one for one in left if one.role == "tool" or one.text.strip() or one.tool_calls]
    assert complete(left) == said
    users = [message for message in messages if message.role == "user"]
    if users and len(users[-1].text) <= context.SHORTEST:
        assert users[-1] in left
