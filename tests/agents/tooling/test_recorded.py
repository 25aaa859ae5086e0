"""Tools that answer from a recording."""

from agents.tooling.recorded import Recorded, Recording

TWO = [
    Recorded("find", {"id": 1}, True, "one"),
    Recorded("find", {"id": 2}, True, "two"),
    Recorded("refund", None, False, "no"),
]


def asked(recording: Recording, *questions) -> list[str]:
    return [recording.answer(name, arguments).text for name, arguments in questions]


def test_a_tool_answers_as_it_did_to_these_arguments_and_again_so():
    told = asked(Recording(TWO), ("find", {"id": 2}), ("find", {"id": 2}), ("find", {"id": 1}))

    assert told == ["two", "two", "one"]


def test_to_other_arguments_it_answers_what_it_answered_next():
    told = asked(Recording(TWO), ("find", {"id": 9}), ("find", {}), ("find", {"id": 9}))

    assert told == ["one", "two", "The recording has no answer of find to this."]


def test_a_failure_is_a_failure_again():
    result = Recording(TWO).answer("refund", {})

    assert (result.ok, result.text) == (False, "no")


def test_what_was_heard_before_is_given_to_the_same_question_only():
    assert asked(Recording(TWO, before=1), ("find", {"id": 7}), ("find", {"id": 1})) == ["two", "one"]
    assert not Recording([], before=0).answer("find", {}).ok
