"""An answer as AI SDK clients read it."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live.chat.wire import Teller, failure, of_answer, tool_key, tool_of

KEY = "msg_1"


def delta(text: str) -> dict:
    return {"type": "text-delta", "id": KEY, "delta": text}


def tool(n: int) -> dict:
    return {
        "type": "tool-input-available",
        "toolCallId": tool_key(KEY, n),
        "toolName": "bill.lookup",
        "input": {"n": n},
    }


def result(n: int, ok: bool = True) -> dict:
    name = tool_key(KEY, n)
    if ok:
        return {"type": "tool-output-available", "toolCallId": name, "output": f"found {n}"}
    return {"type": "tool-output-error", "toolCallId": name, "errorText": "No."}


def picture(text: str, state: str = "final", error: str | None = None) -> dict:
    return {"type": "data-turn", "id": KEY, "data": {"text": text, "state": state, "error": error}}


def told(teller: Teller, *heard: dict) -> list[dict]:
    return [*teller.begin(), *teller.hear_all(heard), *teller.end()]


def types(parts: list[dict]) -> list[str]:
    return [part["type"] for part in parts]


def message(parts: list[dict]) -> list:
    """What a client makes of them: texts and tools in their places. Complains as the SDK does."""
    made: list = []
    open_texts: dict[str, int] = {}
    for part in parts:
        match part["type"]:
            case "text-start":
                assert part["id"] not in open_texts
                open_texts[part["id"]] = len(made)
                made.append("")
            case "text-delta":
                assert part["delta"]
                made[open_texts[part["id"]]] += part["delta"]
            case "text-end":
                del open_texts[part["id"]]
            case "tool-input-available":
                made.append([part["toolCallId"], None])
            case "tool-output-available" | "tool-output-error":
                next(one for one in made if one[0] == part["toolCallId"])[1] = part
            case "start-step":
                made.append("step")
    assert not open_texts
    return made


def test_a_plain_answer():
    parts = told(Teller(KEY), delta("Hel"), delta("lo."), picture("Hello."))

    assert message(parts) == ["step", "Hello."]
    assert types(parts)[-3:] == ["text-end", "finish-step", "finish"]
    assert parts[0] == {"type": "start", "messageId": KEY}


def test_words_after_a_tool_are_another_step():
    heard = [delta("Let me see."), tool(3), tool(4), result(4), result(3, ok=False), delta("It is 12.")]

    parts = told(Teller(KEY), *heard, picture("Let me see.It is 12."))

    assert message(parts) == [
        "step",
        "Let me see.",
        [tool_key(KEY, 3), result(3, ok=False)],
        [tool_key(KEY, 4), result(4)],
        "step",
        "It is 12.",
    ]


def test_what_is_known_of_it_goes_with_its_end():
    metadata = {"type": "message-metadata", "messageMetadata": {"model": "m"}}

    assert told(Teller(KEY), delta("Hi."), metadata, picture("Hi."))[-1] == {
        "type": "finish",
        "messageMetadata": {"model": "m"},
    }


def test_a_failure_is_said_once_for_us_and_once_for_the_sdk():
    parts = told(
        Teller(KEY),
        delta("Let me"),
        {"type": "text-end", "id": KEY},
        {"type": "data-error", "data": {"type": "timeout", "retryable": True, "trace_id": "t"}},
        {"type": "error", "errorText": "Too slow."},
        picture("Let me", "failed", "timeout"),
    )

    assert types(parts)[-3:] == ["text-end", "data-error", "error"]
    assert parts[-1] == {"type": "error", "errorText": "Too slow."}


@pytest.mark.parametrize(
    ("last", "error"),
    [
        ([picture("", "failed", "overloaded")], "overloaded"),
        ([picture("", "interrupted", "interrupted")], "interrupted"),
        ([], "interrupted"),
    ],
)
def test_one_that_did_not_come_to_its_end_never_looks_as_if_it_had(last, error):
    *_, ours, sdks = told(Teller(KEY), delta("Let"), *last)

    assert (ours, sdks) == failure(error)


def test_one_that_its_reader_stopped_is_aborted():
    parts = told(Teller(KEY), delta("Let"), picture("Let", "interrupted"))

    assert types(parts)[-3:] == ["text-end", "finish-step", "abort"]


def test_of_a_whole_call_it_takes_what_belongs_to_the_answer():
    others = [
        {"type": "data-call", "id": "call"},
        {"type": "start-step"},
        {"type": "text-delta", "id": "msg_11", "delta": "No"},
        {**tool(3), "toolCallId": tool_key("msg_11", 3)},
    ]

    assert of_answer([*others, delta("Yes"), tool(3)], KEY) == [delta("Yes"), tool(3)]
    assert tool_of(tool_key(KEY, 3)) == KEY
    assert tool_of("u1") == ""


# --- Heard again ---------------------------------------------------------------------------------------


@st.composite
def answers(draw) -> list[dict]:
    """Rounds of words and tools, words at the end."""
    heard: list[dict] = []
    number = 0
    for _ in range(draw(st.integers(0, 3))):
        heard += [delta(text) for text in draw(st.lists(st.text("ab é", min_size=1, max_size=4), max_size=3))]
        numbers = range(number, number + draw(st.integers(1, 2)))
        number = numbers.stop
        heard += map(tool, numbers)
        heard += [result(n, draw(st.booleans())) for n in draw(st.permutations(list(numbers)))]
    heard += [delta(text) for text in draw(st.lists(st.text("ab é", min_size=1, max_size=4), min_size=1))]
    return heard


def joined(heard: list[dict], cuts: set[int]) -> list[dict]:
    """The same with neighbouring words joined, but for where they are cut."""
    fewer: list[dict] = []
    for index, part in enumerate(heard):
        if fewer and part["type"] == fewer[-1]["type"] == "text-delta" and index not in cuts:
            fewer[-1] = delta(fewer[-1]["delta"] + part["delta"])
        else:
            fewer.append(part)
    return fewer


@settings(max_examples=150, deadline=None)
@given(answers(), st.data())
def test_whatever_is_lost_and_heard_again_the_whole_is_told_once(heard, data):
    """The log forgets and is told anew, at any place and in other pieces; the record tells the rest."""
    whole = told(Teller(KEY), *heard)
    places = st.integers(0, len(heard))
    teller = Teller(KEY)
    parts = teller.begin()
    for stop in data.draw(st.lists(places, max_size=4)):
        teller.again()
        parts += teller.hear_all(joined(heard[:stop], data.draw(st.sets(places))))
    teller.again()
    parts += teller.hear_all(joined(heard, data.draw(st.sets(places))))
    parts += teller.end()

    assert message(parts) == message(whole)
    squeezed = [kind for kind, after in pairwise([*types(parts), ""]) if (kind, after) != ("text-delta",) * 2]
    known = [kind for kind, after in pairwise([*types(whole), ""]) if (kind, after) != ("text-delta",) * 2]
    assert squeezed == known
