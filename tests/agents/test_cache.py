"""An answer that was given before is given again: to the same question, where the agent allows it."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import override_settings

from agents.llm import cache
from agents.llm.events import Finish, TextDelta, ToolCall, Usage
from agents.llm.request import Message, ToolSpec
from base.shared import shared
from tests.agents.vendors import HELLO, Counts, Part, Say, Stop


@pytest.fixture(autouse=True)
async def patient() -> AsyncIterator[None]:
    """Redis is waited for, however slow this machine is."""
    shared().seconds = 30.0
    yield
    await shared().client.flushdb()


@pytest.fixture
def question(ask) -> Any:
    version = uuid4()

    async def put(**fields: Any) -> list:
        answer = await ask(**({"cache_seconds": 60, "version_id": version} | fields))
        await cache.drain()
        return answer

    return put


def said(events) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_the_same_question_is_answered_again_in_pieces_and_for_nothing(
    question, add_model, vendors, recorded
):
    text = "The power will be back by six this evening. " * 3
    await add_model("a")
    vendors.play("a", Say(text), Stop(), Counts(fresh=12, out=30))

    first = await question()
    again = await question(call_id=uuid4(), feature="chat")

    assert said(again) == said(first) == text
    assert len(vendors.asked("a")) == 1
    began, *pieces, used, end = again
    assert (began.model, began.cached, end) == ("a", True, Finish("stop"))
    assert len(pieces) > 2
    assert used == Usage(0, 0, 0)
    rows = sorted(await recorded(), key=lambda row: row.id)
    assert [(row.cache_hit, row.cost_usd > 0, row.feature) for row in rows] == [
        (False, True, "voice"),
        (True, False, "chat"),
    ]
    assert (began.attempt, rows[1].tokens_in, rows[1].finish) == (rows[1].id, 0, "stop")


@pytest.mark.parametrize(
    "other",
    [
        {"version_id": None},
        {"system": "You are Odell."},
        {"messages": [Message("user", "Is the power out")]},
        {"tools": [ToolSpec("look_up")]},
        {"temperature": 0.2},
        {"cache_seconds": 0},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_another_question_is_asked(question, add_model, vendors, other):
    await add_model("a")
    vendors.play("a", *HELLO)
    await question()

    assert not (await question(**other))[0].cached
    assert len(vendors.asked("a")) == 2


async def test_what_is_no_whole_answer_of_words_is_not_kept(question, add_model, vendors):
    await add_model("a")
    vendors.play("a", Say("Hel"), Stop("length"))
    vendors.play("a", Say("One moment."), Part("{}", id="1", name="look_up"), Stop("tool_calls"))
    vendors.play("a", *HELLO)
    tools = [ToolSpec("look_up")]

    cut, called, whole = [await question(tools=tools) for _ in range(3)]

    assert cut[-1] == Finish("length")
    assert any(isinstance(event, ToolCall) for event in called)
    assert not whole[0].cached
    assert said(whole) == "Hello."


async def test_an_answer_is_kept_where_nobody_else_can_read_it(question, add_model, vendors, workspace):
    await add_model("a")
    vendors.play("a", *HELLO)
    await question()

    client = shared().client
    names = [name async for name in client.scan_iter(f"answers:{{{workspace.pk}}}:*")]
    values = [await client.get(name) for name in names if not name.endswith(b"index")]

    assert len(values) == 1
    assert b"Hello" not in values[0]
    assert 0 < await client.ttl(next(name for name in names if not name.endswith(b"index"))) <= 60


async def test_a_workspace_keeps_so_many(workspace):
    answers = cache.Answers(most=3)

    for n in range(5):
        answers.keep(workspace.pk, f"q{n}", f"answer {n}", 100 + n)
        await answers.drain()

    assert [await answers.find(workspace.pk, f"q{n}") for n in range(5)] == [
        None, None, "answer 2", "answer 3", "answer 4",
    ]  # fmt: skip


async def test_what_cannot_be_kept_stops_nobody(workspace, caplog):
    answers = cache.Answers()

    with override_settings(FIELD_ENCRYPTION_KEYS=["no key"]):
        answers.keep(workspace.pk, "q", "answer", 100)
        await answers.drain()

    assert "an answer could not be kept" in caplog.text
    assert await answers.find(workspace.pk, "q") is None


def test_pieces_are_all_of_the_words_and_few():
    for text in ("Hello there.", "word " * 500, "x" * 9_000, "  a\n\n- b\n- c\n"):
        assert "".join(cache.pieces(text)) == text
        assert len(cache.pieces(text)) <= 2 * cache.PIECES
