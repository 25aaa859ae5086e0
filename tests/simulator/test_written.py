"""What the model servers answer to those who read."""

import pytest

from simulator.stories import STORIES, render
from simulator.stories.script import Said, script
from simulator.stories.written import written
from simulator.vendors.reader import read

SCRIPT = script()
SUGGEST = "Suggest what the caller could ask next."


@pytest.mark.parametrize(
    ("asked", "has"),
    [
        ("Show me my last three bills.", "| June | 164 kWh | £47.90 |"),
        ("How do I read my meter, step by step?", "## Reading your meter"),
        ("Could I do that by program?", "```python"),
    ],
)
def test_a_reader_gets_markdown(asked, has):
    assert has in written([Said("user", asked)]).text


def test_no_caller_of_a_story_does():
    lines = [render(line.says, story.facts(0)) for story in STORIES.values() for line in story.lines]

    assert [line for line in lines if written([Said("user", line)])] == []


def test_it_suggests_what_the_storys_caller_says_next():
    refund = STORIES["refund"]
    first, second = (render(line.says, refund.facts(0)) for line in refund.lines[:2])
    shown = Said("user", f"<transcript>\nCaller: {first}\nAgent: Of course.\n</transcript>")

    told = read(SUGGEST, [shown], SCRIPT).text.splitlines()

    assert told[0] == second
    assert len(told) == 3
