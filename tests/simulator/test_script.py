"""The script finds its place in any conversation the stories can make."""

import pytest

from simulator.stories import HOSTED, STORIES, VARIANTS, render
from simulator.stories.script import Said, script
from simulator.tools import CATALOGUE, Tools

SCRIPT = script()
EVERY_TOOL = (*CATALOGUE, "end_call", "transfer_call")


def played(story, variant, *, greeting="Hello, Larkfield Energy."):
    """Each step of a call: (conversation so far, what a good agent should then do)."""
    facts = story.facts(variant)
    said = [Said("assistant", greeting)]
    for line in story.lines:
        said.append(Said("user", render(line.says, facts)))
        spoken = line.before
        for use in line.tools:
            yield list(said), (render(spoken, facts), use.name, render(use.arguments, facts))
            said += [Said("assistant", render(spoken, facts)), Said("tool", "{}")]
            spoken = ""
        yield list(said), (render(line.answer, facts), line.then or None, {} if line.then else None)
        said.append(Said("assistant", render(line.answer, facts)))


@pytest.mark.parametrize("story", STORIES.values(), ids=list(STORIES))
def test_it_knows_the_answer_to_every_line_of_every_variant(story):
    for variant in range(VARIANTS):
        for said, expected in played(story, variant):
            reply = SCRIPT.reply(said, EVERY_TOOL)
            call = reply.call
            assert (reply.text, call and call.name, call and call.arguments) == expected


EVERY_STORY = STORIES | HOSTED


@pytest.mark.parametrize("story", EVERY_STORY.values(), ids=list(EVERY_STORY))
def test_a_story_is_a_believable_length(story):
    words = sum(len(f"{line.says} {line.before} {line.answer}".split()) for line in story.lines)

    assert 5 <= len(story.lines) <= 16
    assert 100 <= words <= 420


def test_there_are_all_the_situations_of_the_issue():
    assert {
        "booking",
        "refund",
        "angry",
        "wrong_number",
        "refund_fails",
        "silence",
        "human",
        "spanish",
    } <= set(STORIES)
    assert {story.agent for story in STORIES.values()} == {"Odell", "Juno", "Iris", "Penn"}


@pytest.mark.parametrize("story", HOSTED.values(), ids=list(HOSTED))
def test_a_hosted_story_asks_only_what_the_platform_plays(story):
    assert story.agent in {"Vera", "Nell"}
    for variant in range(VARIANTS):
        facts = story.facts(variant)
        render([story.opening, story.summary], facts)
        for line in story.lines:
            render([line.says, line.before, line.answer], facts)
            assert (line.adds_on, line.quiet, line.reminder) == (None, 0.0, "")
            assert line.then in {"", "end_call"}


def test_no_other_story_brings_its_own_opening():
    assert not any(story.hosted for story in STORIES.values())


def test_two_variants_differ():
    first, second = STORIES["refund"].facts(1), STORIES["refund"].facts(2)

    assert first["account"] != second["account"]
    assert STORIES["refund"].facts(1) == first


def test_no_two_stories_want_different_answers_of_one_tool():
    told = {}
    for story in STORIES.values():
        for use in (use for line in story.lines for use in line.tools):
            for variant in range(VARIANTS):
                facts = story.facts(variant)
                key = use.name, str(render(use.arguments, facts))
                assert told.setdefault(key, render(use.result, facts)) == render(use.result, facts)


def test_every_tool_of_a_story_fits_its_schema():
    for story in STORIES.values():
        for use in (use for line in story.lines for use in line.tools):
            schema = CATALOGUE[use.name][1]
            assert set(schema["required"]) <= set(use.arguments) <= set(schema["properties"])


def test_it_does_not_use_tools_it_was_not_given():
    said = [Said("user", render("It's {account}. The name's {name}.", STORIES["payment_plan"].facts(3)))]

    assert SCRIPT.reply(said, ()).call is None
    assert SCRIPT.reply(said, ("account.lookup",)).call.name == "account.lookup"


def test_words_spoken_over_a_pause_are_one_utterance_and_still_understood():
    facts = STORIES["booking"].facts(0)
    lines = [render(line.says, facts) for line in STORIES["booking"].lines]

    reply = SCRIPT.reply(
        [Said("user", lines[0]), Said("assistant", "…"), Said("user", f"{lines[2]} {lines[3]}")]
    )

    assert "go ahead" in reply.text


def test_a_caller_who_calls_out_gets_the_answer_that_never_came():
    said = [Said("user", STORIES["refund"].lines[0].says), Said("user", "Hello? Are you still there?")]

    reply = SCRIPT.reply(said)

    assert reply.text.startswith("Yes, I'm here")
    assert reply.text.endswith(STORIES["refund"].lines[0].answer)


def test_a_quiet_caller_is_reminded_kindly():
    line = STORIES["silence"].lines[2]
    said = [Said("user", line.says), Said("assistant", line.answer)]

    assert SCRIPT.reply(said).text == line.reminder
    assert (
        SCRIPT.reply([*said, Said("user", "(The caller has said nothing for a while.)")]).text
        == line.reminder
    )


def test_an_action_that_failed_is_not_tried_again():
    farewell = STORIES["renewal"].lines[-1].says
    said = [Said("user", farewell), Said("assistant", "Goodbye."), Said("tool", "No.")]

    assert SCRIPT.reply(said, EVERY_TOOL).text == "Please hold the line."
    assert SCRIPT.reply(said, EVERY_TOOL).call is None


def test_half_a_sentence_is_enough():
    reply = SCRIPT.reply([Said("user", "you've taken my payment twice this month")])

    assert reply.text == STORIES["refund"].lines[0].answer


def test_what_it_does_not_know_gets_a_sensible_question():
    assert SCRIPT.reply([Said("user", "What is the capital of Peru?")]).text.endswith("?")
    assert "Larkfield" in SCRIPT.reply([]).text


def test_the_tools_answer_what_the_story_needs():
    assert Tools(1.0).used == dict.fromkeys(CATALOGUE, 0)
