import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platforms.clean import clean
from platforms.errors import Unreadable
from platforms.events import Word
from platforms.retell import voice

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
KINDS = ["ping_pong", "call_details", "update_only", "response_required", "reminder_required", "new", None, 7]
FRAMES = st.fixed_dictionaries(
    {"interaction_type": st.sampled_from(KINDS)},
    optional=dict.fromkeys(("timestamp", "call", "transcript", "response_id", "turntaking"), JSON),
)
UTTERANCES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "agent", "transfer_target", 3])},
        optional={"content": JSON, "words": JSON, "metadata": JSON},
    )
)


def read(**frame):
    return voice.parse(json.dumps(frame))


def as_update(transcript):
    return {"interaction_type": "update_only", "transcript": transcript}


def outcome(text):
    """What a frame says, its words and all; None if it is unreadable."""
    try:
        frame = voice.parse(text)
    except Unreadable:
        return None
    said = [(each.role, each.text, each.key, each.words) for each in getattr(frame, "transcript", ())]
    return (replace(frame, transcript=()), said) if said else frame


def test_it_reads_a_ping():
    assert read(interaction_type="ping_pong", timestamp=1795000006000) == voice.PingPong(1795000006000)


def test_it_reads_the_calls_details():
    assert read(interaction_type="call_details", call={"call_id": "c"}) == voice.CallDetails({"call_id": "c"})


def test_it_reads_a_question_with_the_transcript_so_far():
    words = [{"word": "I", "start": 4.1, "end": 4.34}, {"word": "need", "start": 4.38}]
    frame = read(
        interaction_type="response_required",
        response_id=1,
        transcript=[
            {"role": "agent", "content": "Hi, how can I help?", "metadata": {"response_id": 0}},
            {"role": "user", "content": "I need ", "words": words},
        ],
    )

    greeting, question = frame.transcript
    assert frame.response_id == 1
    assert (greeting.role, greeting.text, greeting.key, greeting.words) == (
        "agent", "Hi, how can I help?", "r0", (),
    )  # fmt: skip
    assert (question.role, question.text, question.key) == ("caller", "I need", "c0")
    assert question.words == (Word("I", 4100, 4340), Word("need", 4380, 4380))


def test_an_answer_spoken_in_pieces_is_one_utterance():
    pieces = [
        {"role": "agent", "content": "Let me", "metadata": {"response_id": 2}},
        {"role": "user", "content": "mm-hm"},
        {"role": "agent", "content": "look.", "metadata": {"response_id": 2}},
    ]

    frame = read(interaction_type="update_only", transcript=pieces, turntaking="agent_turn")

    assert [(said.key, said.text) for said in frame.transcript] == [("r2", "Let me look."), ("c0", "mm-hm")]


def test_callers_are_counted_even_before_their_first_word():
    said = [
        {"role": "user", "content": ""},
        {"role": "agent", "content": "Hello?"},
        {"role": "user", "content": "Hi"},
    ]

    frame = read(interaction_type="reminder_required", response_id=4, transcript=said)

    assert [utterance.key for utterance in frame.transcript] == ["a0", "c1"]


def test_a_kind_it_does_not_know_is_unknown():
    assert read(interaction_type="new_thing") == voice.Unknown("new_thing")


@pytest.mark.parametrize("spelled", ['"a\\u0000b"', '"a\\ud800b"', '"a\\udc00b"'])
@pytest.mark.parametrize("number", ["1", "NaN", "1e400", "12345678901234567890123"])
def test_nothing_a_database_refuses_comes_out_of_a_transcript(spelled, number):
    word = f'{{"word": {spelled}, "start": {number}, "end": 2}}'
    said = f'{{"role": "user", "content": {spelled}, "words": [{word}]}}'

    frame = voice.parse(f'{{"interaction_type": "update_only", "transcript": [{said}]}}')

    assert frame.transcript[0].text == "a\ufffdb"
    assert frame.transcript[0].words == (Word("a\ufffdb", 1000 if number == "1" else 0, 2000),)


@given(FRAMES.map(json.dumps) | UTTERANCES.map(as_update).map(json.dumps))
def test_a_frame_is_read_the_same_as_if_all_of_it_were_cleaned_first(text):
    """What is clean is not looked at again, and its long numbers are never kept."""
    assert outcome(text) == outcome(json.dumps(clean(json.loads(text))))


def test_it_cleans_what_no_database_keeps():
    frame = voice.parse('{"interaction_type": "call_details", "call": {"a\\u0000": "\\ud800"}}')

    assert frame == voice.CallDetails({"a\ufffd": "\ufffd"})


@pytest.mark.parametrize(
    "text",
    [
        None, b"{}", "", "{", "[]", "null", "[" * 100_000, '{"a":' * 50_000,
        '{"interaction_type": "response_required"}',
        '{"interaction_type": "response_required", "response_id": true}',
        '{"interaction_type": "response_required", "response_id": 1.5}',
        '{"interaction_type": "ping_pong", "timestamp": "now"}',
        '{"interaction_type": "update_only", "transcript": {}}',
        '{"interaction_type": "update_only", "transcript": [[]]}',
        '{"interaction_type": "update_only", "transcript": [{"role": "user", "content": 7}]}',
        '{"interaction_type": "call_details", "call": []}',
        "x" * (voice.MAX_FRAME + 1),
    ],
)  # fmt: skip
def test_what_is_not_in_the_protocol_is_unreadable(text):
    with pytest.raises(Unreadable):
        voice.parse(text)


@given(st.text() | JSON.map(json.dumps) | FRAMES.map(json.dumps))
def test_it_raises_nothing_but_unreadable(text):
    try:
        frame = voice.parse(text)
    except Unreadable:
        return
    assert isinstance(frame, voice.Frame)


@given(UTTERANCES)
def test_any_transcript_is_read_or_unreadable(transcript):
    try:
        frame = read(interaction_type="update_only", transcript=transcript)
    except Unreadable:
        return
    assert len({said.key for said in frame.transcript}) == len(frame.transcript)


def test_it_writes_the_frames_of_the_protocol():
    assert json.loads(voice.config())["config"]["auto_reconnect"] is True
    assert json.loads(voice.ping_pong(5)) == {"response_type": "ping_pong", "timestamp": 5}
    assert json.loads(voice.response(1, "Sure, ", complete=False)) == {
        "response_type": "response",
        "response_id": 1,
        "content": "Sure, ",
        "content_complete": False,
    }
    assert json.loads(voice.tool_call_invocation("x1", "meter.lookup", {"a": 1})) == {
        "response_type": "tool_call_invocation",
        "tool_call_id": "x1",
        "name": "meter.lookup",
        "arguments": '{"a":1}',
    }
    assert json.loads(voice.tool_call_result("x1", "ok", ok=True))["successful"] is True


def test_hanging_up_comes_before_putting_through():
    both = json.loads(voice.response(1, "", complete=True, end_call=True, transfer_number="+4420"))

    assert both["end_call"] is True
    assert "transfer_number" not in both
    assert (
        json.loads(voice.response(1, "", complete=True, transfer_number="+4420"))["transfer_number"]
        == "+4420"
    )
