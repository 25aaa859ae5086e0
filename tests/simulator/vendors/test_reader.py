"""What the model servers say about a conversation they are shown."""

import json

from simulator.stories import STORIES, render
from simulator.stories.script import Said, Script
from simulator.vendors.reader import read

SCRIPT = Script(STORIES.values())
JUDGE = 'Answer with one JSON object: {"summary": "…", "sentiment": "…", "successful": true}'
REFUND = STORIES["refund"]
FACTS = REFUND.facts(5)


def shown(*lines: str) -> list[Said]:
    return [Said("user", "<transcript>\n" + "\n".join(lines) + "\n</transcript>")]


THE_STORY = shown(
    *(line for one in REFUND.lines for line in (f"Caller: {render(one.says, FACTS)}", "Agent: Of course."))
)


def test_it_judges_a_story_as_its_platform_would():
    told = json.loads(read(JUDGE, THE_STORY, SCRIPT).text)

    assert told == {"summary": render(REFUND.summary, FACTS), "sentiment": "positive", "successful": True}


def test_it_judges_what_it_has_never_heard_by_its_words():
    told = json.loads(read(JUDGE, shown("Caller: My pineapple is furious and so am I."), SCRIPT).text)

    assert told["sentiment"] == "negative"
    assert "My pineapple is furious" in told["summary"]


def test_it_gives_titles_and_summaries_in_plain_words():
    assert read("Answer with a title.", THE_STORY, SCRIPT).text == REFUND.title
    assert read("Shorten it.", THE_STORY, SCRIPT).text == render(REFUND.summary, FACTS)
    odd = shown("Caller: Can you tell me, please, what a pineapple weighs?")
    assert read("A title.", odd, SCRIPT).text == "Can you tell me please what"


def test_it_leaves_conversations_to_the_script():
    assert read("You are Odell.", [Said("user", REFUND.lines[0].says)], SCRIPT) is None
