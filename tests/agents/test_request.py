from agents.llm.events import ToolCall
from agents.llm.request import INTERRUPTED, Message, complete


def test_a_tool_call_that_was_cut_off_gets_a_result():
    cut_off = Message("assistant", tool_calls=(ToolCall("t1", "a", {}), ToolCall("t2", "b", {})))
    answered = Message("tool", "42", tool_call_id="t2")
    wait = Message("user", "No, wait.")

    assert complete([cut_off, wait, answered]) == [
        cut_off,
        Message("tool", INTERRUPTED, tool_call_id="t1"),
        answered,
        wait,
    ]


def test_what_says_nothing_is_left_out():
    hello = Message("user", "Hello?")

    assert complete([Message("assistant", " "), Message("tool", "7", tool_call_id="unknown"), hello]) == [
        hello
    ]
