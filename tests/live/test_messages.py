from agents.llm.events import ToolCall
from agents.llm.request import Message
from calls.models import Turn
from live.messages import NOTHING_YET, SILENCE, Used, messages, used_before
from platforms.retell.transcript import Utterance

GREETED = Utterance("agent", "Hello, how can I help?", "r0")
ASKED = Utterance("caller", "I was charged twice.", "c0")
LOOKUP = ToolCall("t1", "account.lookup", {"account": "LE44817702"})


def test_the_model_reads_what_was_said_and_heard():
    assert messages([GREETED, ASKED], [], reminder=False) == [
        Message("assistant", "Hello, how can I help?"),
        Message("user", "I was charged twice."),
    ]


def test_tools_stand_behind_the_words_that_asked_for_them():
    said = [GREETED, ASKED, Utterance("agent", "I see two.", "r1"), Utterance("caller", "Yes.", "c1")]

    told = messages(said, [Used(1, LOOKUP, "two charges")], reminder=False)

    assert [message.role for message in told] == [
        "assistant",
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]
    assert told[2].tool_calls == (LOOKUP,)
    assert (told[3].text, told[3].tool_call_id) == ("two charges", "t1")


def test_a_tool_of_an_answer_nobody_heard_is_not_forgotten():
    told = messages([GREETED, ASKED], [Used(1, LOOKUP, "two charges")], reminder=False)

    assert [message.role for message in told] == ["assistant", "user", "assistant", "tool"]


def test_a_silent_caller_is_put_into_words():
    assert messages([GREETED], [], reminder=True)[-1] == Message("user", SILENCE)
    assert messages([], [], reminder=False) == [Message("user", NOTHING_YET)]


def test_whoever_takes_a_call_over_knows_its_tools():
    turns = [
        Turn(
            key="x3",
            n=3,
            role="tool",
            tool_name="account.lookup",
            tool_arguments={"a": 1},
            tool_ok=True,
            text="found",
        ),
        Turn(key="r0", n=1, role="agent", text="Hello"),
        Turn(key="c0", n=2, role="caller", text="Hi"),
        Turn(key="x4", n=4, role="tool", tool_name="refund.create", tool_arguments={}, tool_ok=None),
    ]

    assert used_before(turns) == [Used(1, ToolCall("x3", "account.lookup", {"a": 1}), "found")]
